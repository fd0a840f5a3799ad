"""KML, KMZ and OSM: entities, links that would be followed, folders without end."""

from corpus.entry import CANARY, HIDDEN, Shelf, bytes_of, text_of
from corpus.samples import blob, kml, kml_text, osm, osm_text, pbf, placemark, zipped

SHELF = Shelf()
refused, let_in, clean, either = SHELF.refused, SHELF.let_in, SHELF.clean, SHELF.either

_ALL = "".join(placemark(at) for at in range(3))
_LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + at)} "{f"&{chr(97 + at)};" * 10}">' for at in range(9))
    + "]>"
)


def _secret(prolog, make):
    """Build a file that wants another file's content: one that lies beside it."""

    def build(path):
        beside = path.with_name("secret.txt")
        beside.write_text(HIDDEN, encoding="utf-8")
        path.write_text(make(prolog.format(uri=beside.as_uri(), url=CANARY["url"])), encoding="utf-8")

    return build


def _canary(body):
    return text_of(kml_text(body.format(url=CANARY["url"])))


def _as_kml(prolog):
    return kml_text("<Placemark><name>&x;</name><Point><coordinates>106.4,39</coordinates></Point></Placemark>", prolog)


def _as_osm(prolog):
    return osm_text(prolog, tags='<tag k="addr:street" v="&x;"/>')


def _folders(depth):
    return "<Folder>" * depth + _ALL + "</Folder>" * depth


def _place(coordinates, at=0):
    first = placemark(at)
    start, end = first.index("<coordinates>") + 13, first.index("</coordinates>")
    return first[:start] + coordinates + first[end:]


_LINK = "<NetworkLink><Link><href>{url}</href></Link></NetworkLink>"
_EXTERNAL = '<!DOCTYPE kml [<!ENTITY x SYSTEM "{uri}">]>'
_FETCHED = '<!DOCTYPE kml SYSTEM "{url}/a.dtd" [<!ENTITY % p SYSTEM "{url}/b.dtd"> %p;]>'
_OVERLAY = "<GroundOverlay><Icon><href>{url}</href></Icon></GroundOverlay>"
_HTML = "<description><![CDATA[<script>alert(1)</script><table><tr><td>燃料</td></tr></table>]]></description>"

clean("right.kml", bytes_of(lambda: kml("k")), 3)
clean("right.kmz", bytes_of(lambda: zipped({"doc.kml": kml("z")})), 3)
clean("bom.kml", bytes_of(lambda: b"\xef\xbb\xbf" + kml("b")), 3)
clean("gbk.kml", bytes_of(lambda: kml_text().replace("UTF-8", "GBK").encode("gbk")), 3, holds=("甲厂",))
refused("laughs.kml", text_of(kml_text(_ALL.replace("甲厂", "&j;"), _LAUGHS)), "xml_doctype")
refused("external.kml", _secret(_EXTERNAL, _as_kml), "xml_doctype")
refused("fetched.kml", _secret(_FETCHED, _as_kml), "xml_doctype")
refused("doctype.kml", text_of(kml_text(_ALL, "<!DOCTYPE kml>")), "xml_doctype")
refused("network_link.kml", _canary(_ALL + _LINK), "kml_network_link")
refused(
    "network_link.kmz",
    lambda path: path.write_bytes(zipped({"doc.kml": kml_text(_ALL + _LINK.format(url=CANARY["url"]))})),
    "kml_network_link",
)
refused(
    "link_control.kml",
    text_of(kml_text(_ALL).replace("<Document>", "<NetworkLinkControl/><Document>")),
    "kml_network_link",
)
let_in("overlay.kml", _canary(_ALL + _OVERLAY), None)
refused("deep.kml", text_of(kml_text(_folders(70))), "xml_depth")
refused("deeper.kml", text_of(kml_text(_folders(20_000))), "xml_depth")
either("folders_60.kml", text_of(kml_text(_folders(50))), 3)
refused(
    "two_folders.kml",
    text_of(kml_text(f"<Folder><name>甲</name>{_ALL}</Folder><Folder><name>乙</name>{_ALL}</Folder>")),
    "several_layers",
)
clean(
    "folder_named.kml",
    text_of(kml_text(f"<Folder><name>甲区</name>{_ALL}</Folder><Folder><name>乙区</name>{_ALL}</Folder>")),
    3,
    options={"sublayer": "乙区"},
)
let_in("cdata.kml", text_of(kml_text(placemark(0, extra=_HTML) + placemark(1))), 2)
let_in(
    "cdata_name.kml",
    text_of(kml_text(placemark(0, name="<![CDATA[<b>甲</b>厂]]>") + placemark(1))),
    2,
    holds=("<b>甲</b>厂",),
)
either("blanks.kml", text_of(kml_text(_place("\n\t 106.40 , 39.01 \n") + placemark(1))), 2)
let_in("no_place.kml", text_of(kml_text(_place("") + placemark(1))), 2, used=1)
either("no_point.kml", text_of(kml_text("<Placemark><name>甲</name></Placemark>" + placemark(1))), 2)
either("words_place.kml", text_of(kml_text(_place("东经,北纬") + placemark(1))), 2)
let_in(
    "swapped.kml", text_of(kml_text("".join(_place(f"39.0{at},106.4{at}", at) for at in range(3)))), 3, "axes_swapped"
)
refused("no_placemarks.kml", text_of(kml_text("")), "file_empty", "file_broken")
refused("cut.kml", bytes_of(lambda: kml("c")[:-90]), "file_broken")
refused("not_kml.kml", text_of("<html><body>锅炉</body></html>"), "content_not_suffix", "file_broken")
refused(
    "vrt.kml",
    text_of(
        '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>x</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
    ),
    "content_not_suffix",
)
refused("wrong_encoding.kml", text_of(kml_text(), "gbk"), "file_broken", "encoding")
refused("unknown_encoding.kml", text_of(kml_text().replace("UTF-8", "x-secret")), "file_broken", "encoding")
either("utf16.kml", text_of(kml_text().replace("UTF-8", "UTF-16"), "utf-16"), 3)
either("no_namespace.kml", text_of(kml_text().replace(' xmlns="http://www.opengis.net/kml/2.2"', "")), 3)
either(
    "many_attributes.kml",
    text_of(kml_text().replace("<Document>", "<Document " + " ".join(f'a{at}="x"' for at in range(20_000)) + ">")),
    3,
)
either("control_reference.kml", text_of(kml_text(placemark(0, name="甲&#x202E;厂&#x9;"))), 1)
refused("nul_reference.kml", text_of(kml_text(placemark(0, name="甲&#0;"))), "file_broken")
refused("no_kml.kmz", bytes_of(lambda: zipped({"readme.txt": b"x"})), "file_empty", "file_broken")
refused("traversal.kmz", bytes_of(lambda: zipped({"doc.kml": kml("t"), "../../x.kml": b"x"})), "archive_path")
refused(
    "nested.kmz",
    bytes_of(lambda: zipped({"doc.kml": kml("n"), "inner.kmz": zipped({"doc.kml": kml("n")})})),
    "archive_nested",
)
refused("laughs.kmz", bytes_of(lambda: zipped({"doc.kml": kml_text(_ALL, _LAUGHS)})), "xml_doctype")
refused("two.kmz", bytes_of(lambda: zipped({"a.kml": kml("a"), "b.kml": kml("b")})), "several_layers")

let_in("right.osm", bytes_of(lambda: osm("o")), 1, layer="buildings", used=1)
let_in("right.pbf", bytes_of(lambda: pbf("p")), 1, layer="buildings", used=1)
refused("external.osm", _secret(_EXTERNAL, _as_osm), "xml_doctype", layer="buildings")
refused(
    "laughs.osm", text_of(osm_text(_LAUGHS, tags='<tag k="addr:street" v="&j;"/>')), "xml_doctype", layer="buildings"
)
either("no_nodes.osm", text_of(osm_text(nodes=())), 1, layer="buildings")
either("some_nodes.osm", text_of(osm_text(nodes=((106.4, 39.0), (106.401, 39.0)))), 1, layer="buildings")
either(
    "far_nodes.osm",
    text_of(osm_text(nodes=((1064, 390), (106.401, 39.0), (106.4, 39.1), (106, 39)))),
    1,
    layer="buildings",
)
let_in(
    "markup.osm",
    text_of(osm_text().replace("一中", "&lt;svg onload=alert(1)&gt;")),
    1,
    layer="buildings",
    holds=("<svg onload=alert(1)>",),
)
refused("cut.osm", bytes_of(lambda: osm("c")[:-60]), "file_broken", layer="buildings")
refused("no_buildings.osm", text_of(osm_text().replace('k="building"', 'k="leisure"')), "file_empty", layer="buildings")
refused(
    "change.osm",
    text_of("<osmChange version='0.6'><create/></osmChange>"),
    "content_not_suffix",
    "file_empty",
    layer="buildings",
)
refused(
    "pretends.pbf", text_of("OSMHeader? no: a table, 1, 2, 3"), "content_not_suffix", "file_broken", layer="buildings"
)
refused(
    "head_only.pbf",
    bytes_of(lambda: pbf("h")[:30]),
    "content_not_suffix",
    "file_broken",
    "file_empty",
    layer="buildings",
)
refused("cut.pbf", bytes_of(lambda: pbf("c")[:-40]), "file_broken", "file_empty", layer="buildings")
either("claims.pbf", bytes_of(lambda: blob(b"OSMHeader", b"", 2**40) + pbf("l")), None, layer="buildings")
refused(
    "bomb.pbf",
    bytes_of(lambda: blob(b"OSMHeader", b"") + blob(b"OSMData", bytes(40 * 2**20))),
    "file_broken",
    "file_empty",
    "archive_ratio",
    layer="buildings",
)
