"""What each layer must hold: pandera models with Chinese titles, one a layer.

A model states names, kinds, units and bounds of the columns. Reading, translating and parsing foreign
files into this form is `geo.io`'s work; a frame that passes its model is safe to compute with.
Optional values are null where they are not known: nothing here has a default.
"""

from __future__ import annotations

from functools import cache
from typing import Final, cast

import pandera.pandas as pa
from pandera.typing import Series
from pandera.typing.geopandas import GeoSeries

from data.codes import (
    BOILER_STATUS,
    DISPOSALS,
    DUTIES,
    ENERGY_STANDARDS,
    FUELS,
    HEAT_SOURCES,
    INSTITUTION_KINDS,
    LEVELS,
    MEDIA,
    NETWORK_KINDS,
    NETWORK_STATUS,
    PLANT_STATUS,
    ROOF_KINDS,
    SOURCE_KINDS,
    STRUCTURES,
    UR_CLASSES,
    USES,
)

PROVENANCE: Final = ("source_row", "source_file")
"""Columns that say where a row came from; they are no data of the layer."""
_PARTIAL_DATE: Final = r"^(unknown|[0-9]{4}(-[0-9]{2}){0,2})$"
POLYGONS: Final = ("Polygon", "MultiPolygon")
LINES: Final = ("LineString", "MultiLineString")


class _Layer(pa.DataFrameModel):
    """What all layers share: a geometry, the row of the file that it came from, no unknown columns."""

    source_row: Series[int] | None = pa.Field(ge=1, title="原文件行号", description="row of the source file")
    source_file: Series[str] | None = pa.Field(
        nullable=True, title="来源文件", description="file and sheet of the row, in layers joined of several"
    )
    geometry: GeoSeries = pa.Field(title="几何", description="lon-lat, EPSG:4490/4326")

    class Config:
        strict = False


class Buildings(_Layer):
    """One row a building footprint."""

    building_id: Series[str] = pa.Field(unique=True, title="建筑编号", description="identifier, text")
    name: Series[str] | None = pa.Field(nullable=True, title="建筑名称", description="name")
    use: Series[str] = pa.Field(isin=USES, title="建筑用途", description="use class")
    floors: Series[float] = pa.Field(nullable=True, ge=1, le=120, title="地上层数", description="storeys [1]")
    height_m: Series[float] = pa.Field(nullable=True, gt=0, le=900, title="建筑高度(m)", description="height [m]")
    year_built: Series[float] = pa.Field(nullable=True, ge=1850, le=2100, title="建成年份", description="year")
    roof_kind: Series[str] = pa.Field(isin=ROOF_KINDS, title="屋面类型", description="roof kind")
    structure: Series[str] | None = pa.Field(isin=STRUCTURES, title="结构类型", description="structure")
    roof_tilt_deg: Series[float] | None = pa.Field(
        nullable=True, ge=0, le=75, title="屋面坡度(°)", description="tilt of the main roof plane [deg]"
    )
    roof_azimuth_deg: Series[float] | None = pa.Field(
        nullable=True,
        ge=0,
        le=360,
        title="屋面朝向(°)",
        description="direction that the main roof plane faces [deg clockwise from true north]",
    )
    heat_source: Series[str] = pa.Field(isin=HEAT_SOURCES, title="取暖方式", description="main heat source")
    floor_area_m2: Series[float] = pa.Field(
        nullable=True, gt=0, title="建筑面积(m²)", description="declared gross floor area [m2]"
    )
    heated_area_m2: Series[float] = pa.Field(
        nullable=True, ge=0, title="取暖面积(m²)", description="declared heated area [m2]"
    )
    households: Series[float] = pa.Field(nullable=True, ge=0, title="户数", description="households [1]")
    household_group: Series[str] | None = pa.Field(
        nullable=True, title="小区(村民小组)", description="compound or villagers' group"
    )
    substation_id: Series[str] | None = pa.Field(
        nullable=True, title="换热站编号", description="substation that feeds it"
    )
    meter_id: Series[str] | None = pa.Field(
        nullable=True, title="用热户号", description="account or meter of the heat supplier"
    )
    metered_heat_gj: Series[float] | None = pa.Field(
        nullable=True, ge=0, title="年用热量(GJ)", description="metered or sold heat of a year [GJ]"
    )
    former_source: Series[str] | None = pa.Field(
        isin=HEAT_SOURCES, title="原取暖方式", description="heat source before the conversion"
    )
    subsidy_yuan: Series[float] | None = pa.Field(
        nullable=True, ge=0, title="财政补贴(元)", description="public money for the conversion [yuan]"
    )
    stove_removed: Series[pa.BOOL] | None = pa.Field(
        nullable=True, title="是否拆除燃煤炉具", description="coal stove removed"
    )
    relapsed: Series[pa.BOOL] | None = pa.Field(nullable=True, title="是否复烧", description="burns coal again")
    household_metered: Series[pa.BOOL] | None = pa.Field(
        nullable=True, title="是否分户计量", description="heat metered and charged by household"
    )
    energy_standard: Series[str] | None = pa.Field(
        isin=ENERGY_STANDARDS, title="节能设计标准", description="energy standard it was designed to"
    )
    green_building: Series[pa.BOOL] | None = pa.Field(
        nullable=True, title="是否绿色建筑", description="designed to the green building standard"
    )
    permitted: Series[str] | None = pa.Field(
        nullable=True, str_matches=_PARTIAL_DATE, title="施工许可日期", description="date of the building permit"
    )
    retrofitted: Series[pa.BOOL] = pa.Field(nullable=True, title="已节能改造", description="envelope retrofitted")
    village_code: Series[str] = pa.Field(
        nullable=True, str_matches=r"^\d{12}$", title="村(社区)代码", description="12-digit code"
    )
    county_code: Series[str] = pa.Field(
        nullable=True, str_matches=r"^\d{6}$", title="县(区)代码", description="6-digit code"
    )


class Boilers(_Layer):
    """One row a boiler."""

    boiler_id: Series[str] = pa.Field(unique=True, title="锅炉编号", description="identifier, text")
    name: Series[str] = pa.Field(nullable=True, title="单位名称", description="owner")
    fuel: Series[str] = pa.Field(isin=FUELS, title="燃料种类", description="fuel")
    capacity_t_h: Series[float] = pa.Field(
        nullable=True, gt=0, le=5000, title="额定蒸发量(蒸吨/小时)", description="rated output [t/h]"
    )
    duty: Series[str] = pa.Field(isin=DUTIES, title="用途", description="duty")
    medium: Series[str] = pa.Field(isin=MEDIA, title="介质", description="hot water or steam")
    status: Series[str] = pa.Field(isin=BOILER_STATUS, title="状态", description="status")
    is_backup: Series[pa.BOOL] = pa.Field(nullable=True, title="应急备用", description="emergency backup")
    is_peaking: Series[pa.BOOL] = pa.Field(nullable=True, title="调峰", description="peak shaving")
    is_ultra_low: Series[pa.BOOL] = pa.Field(nullable=True, title="是否超低排放", description="ultra-low emission")
    year_built: Series[float] = pa.Field(nullable=True, ge=1900, le=2100, title="投运年份", description="year")
    substation_id: Series[str] | None = pa.Field(
        nullable=True, title="换热站编号", description="substation that feeds its site"
    )
    town: Series[str] | None = pa.Field(nullable=True, title="乡镇(街道)", description="town or park")
    credit_code: Series[str] | None = pa.Field(
        nullable=True, title="统一社会信用代码", description="credit code of the owner"
    )
    model: Series[str] | None = pa.Field(nullable=True, title="锅炉型号", description="model")
    coal_t: Series[float] | None = pa.Field(nullable=True, ge=0, title="年耗煤量(吨)", description="coal of a year [t]")
    heated_area_m2: Series[float] | None = pa.Field(
        nullable=True, ge=0, title="供热面积(m²)", description="area that it heats [m2]"
    )
    dust_process: Series[str] | None = pa.Field(nullable=True, title="除尘工艺", description="dust removal")
    sulphur_process: Series[str] | None = pa.Field(nullable=True, title="脱硫工艺", description="desulphurisation")
    nitrogen_process: Series[str] | None = pa.Field(nullable=True, title="脱硝工艺", description="denitrification")
    stack_height_m: Series[float] | None = pa.Field(
        nullable=True, gt=0, le=500, title="排放口高度(m)", description="height of the stack [m]"
    )
    in_built_up_area: Series[pa.BOOL] | None = pa.Field(
        nullable=True, title="是否在城市建成区内", description="in the built-up area of the city"
    )
    disposal: Series[str] | None = pa.Field(isin=DISPOSALS, title="处置方式", description="disposal decided")
    replacement: Series[str] | None = pa.Field(nullable=True, title="替代热源", description="replacing heat source")
    deadline: Series[str] | None = pa.Field(nullable=True, title="计划完成时限", description="deadline")
    proof: Series[str] | None = pa.Field(nullable=True, title="拆除(注销)证明", description="proof of removal")
    responsible_unit: Series[str] | None = pa.Field(nullable=True, title="责任单位", description="unit responsible")
    responsible_person: Series[str] | None = pa.Field(nullable=True, title="责任人", description="person responsible")
    remark: Series[str] | None = pa.Field(nullable=True, title="备注", description="remark")
    position_sigma_m: Series[float] = pa.Field(
        nullable=True, ge=0, title="点位中误差(m)", description="positional standard deviation [m]"
    )


class Plants(_Layer):
    """One row a generating unit; units of one plant share `plant_id`."""

    plant_id: Series[str] = pa.Field(title="电厂编号", description="plant identifier, text")
    unit_id: Series[str] = pa.Field(unique=True, title="机组编号", description="unit identifier, text")
    name: Series[str] = pa.Field(nullable=True, title="电厂名称", description="name of the plant")
    capacity_mw: Series[float] = pa.Field(nullable=True, gt=0, le=20000, title="容量(MW)", description="capacity [MW]")
    status: Series[str] = pa.Field(isin=PLANT_STATUS, title="状态", description="status")
    is_chp: Series[pa.BOOL] = pa.Field(nullable=True, title="热电联产", description="combined heat and power")
    is_captive: Series[pa.BOOL] = pa.Field(nullable=True, title="自备电厂", description="captive plant")
    spare_heat_mw: Series[float] = pa.Field(
        nullable=True, title="富余供热能力(MW)", description="spare heat at peak [MW], negative if short"
    )
    source_kind: Series[str] | None = pa.Field(isin=SOURCE_KINDS, title="热源类型", description="kind of heat source")
    heat_capacity_mw: Series[float] | None = pa.Field(
        nullable=True, ge=0, title="供热能力(MW)", description="heat it can deliver at peak [MW]"
    )
    heat_load_mw: Series[float] | None = pa.Field(
        nullable=True, ge=0, title="现状供热负荷(MW)", description="heat it delivers at peak now [MW]"
    )
    heated_area_m2: Series[float] | None = pa.Field(
        nullable=True, ge=0, title="现状供热面积(m²)", description="area that it heats now [m2]"
    )
    is_ultra_low: Series[pa.BOOL] | None = pa.Field(
        nullable=True, title="是否超低排放", description="ultra-low emission"
    )
    supplier: Series[str] | None = pa.Field(nullable=True, title="供热单位", description="supplier")


class Networks(_Layer):
    """Pipes, declared service areas and substations."""

    network_id: Series[str] = pa.Field(unique=True, title="管网编号", description="identifier, text")
    kind: Series[str] = pa.Field(isin=NETWORK_KINDS, title="类别", description="pipe or service area")
    name: Series[str] = pa.Field(nullable=True, title="名称", description="name")
    supplier: Series[str] = pa.Field(nullable=True, title="供热单位", description="supplier")
    plant_id: Series[str] = pa.Field(nullable=True, title="热源编号", description="source plant")
    medium: Series[str] = pa.Field(isin=MEDIA, title="介质", description="hot water or steam")
    status: Series[str] = pa.Field(isin=NETWORK_STATUS, title="状态", description="existing or planned")
    dn_mm: Series[float] = pa.Field(
        nullable=True, gt=0, le=2000, title="管径DN(mm)", description="nominal diameter [mm]"
    )
    spare_heat_mw: Series[float] = pa.Field(
        nullable=True, title="富余供热能力(MW)", description="spare heat at peak [MW], negative if short"
    )
    document: Series[str] = pa.Field(nullable=True, title="依据文件", description="declaring document")
    valid_from: Series[str] | None = pa.Field(
        nullable=True, str_matches=_PARTIAL_DATE, title="有效期自", description="valid from"
    )
    valid_to: Series[str] | None = pa.Field(
        nullable=True, str_matches=_PARTIAL_DATE, title="有效期至", description="valid to"
    )
    year_built: Series[float] | None = pa.Field(
        nullable=True, ge=1900, le=2100, title="敷设年份", description="year laid"
    )
    year_planned: Series[float] | None = pa.Field(
        nullable=True, ge=1900, le=2100, title="计划年份", description="year planned"
    )
    year_renewal: Series[float] | None = pa.Field(
        nullable=True, ge=1900, le=2100, title="计划改造年份", description="year of the planned renewal"
    )
    material: Series[str] | None = pa.Field(nullable=True, title="材质", description="material")
    operating: Series[str] | None = pa.Field(
        nullable=True, title="运行温压", description="operating temperature and pressure"
    )
    position_sigma_m: Series[float] | None = pa.Field(
        nullable=True, ge=0, title="点位中误差(m)", description="positional standard deviation [m]"
    )


class Villages(_Layer):
    """Villages and communities with their NBS urban–rural class; points or polygons."""

    village_code: Series[str] = pa.Field(
        unique=True, str_matches=r"^\d{12}$", title="村(社区)代码", description="12-digit code"
    )
    name: Series[str] = pa.Field(title="村(社区)名称", description="name")
    town_code: Series[str] = pa.Field(
        nullable=True, str_matches=r"^\d{9}(\d{3})?$", title="乡镇代码", description="9- or 12-digit code"
    )
    town: Series[str] = pa.Field(nullable=True, title="乡镇(街道)", description="town")
    county_code: Series[str] = pa.Field(str_matches=r"^\d{6}$", title="县(区)代码", description="6-digit code")
    ur_class: Series[str] = pa.Field(isin=UR_CLASSES, title="城乡分类代码", description="NBS urban–rural class")


class Counties(_Layer):
    """County outlines."""

    county_code: Series[str] = pa.Field(
        unique=True, str_matches=r"^\d{6}$", title="县(区)代码", description="6-digit code"
    )
    name: Series[str] = pa.Field(title="县(区)名称", description="name")


class Parcels(_Layer):
    """Land parcels (optional)."""

    parcel_id: Series[str] = pa.Field(unique=True, title="宗地号", description="identifier, text")
    owner: Series[str] = pa.Field(nullable=True, title="权利人", description="owner")
    land_use: Series[str] = pa.Field(nullable=True, title="地类", description="land use")


class Transformers(_Layer):
    """Distribution transformers (optional)."""

    transformer_id: Series[str] = pa.Field(unique=True, title="变压器编号", description="identifier, text")
    capacity_kva: Series[float] = pa.Field(nullable=True, gt=0, title="容量(kVA)", description="rated capacity [kVA]")
    spare_kva: Series[float] = pa.Field(nullable=True, title="可开放容量(kVA)", description="open capacity [kVA]")


class Streets(_Layer):
    """Street centre lines (optional)."""

    street_id: Series[str] = pa.Field(unique=True, title="道路编号", description="identifier, text")
    name: Series[str] = pa.Field(nullable=True, title="道路名称", description="name")
    street_class: Series[str] | None = pa.Field(nullable=True, title="道路等级", description="class of the street")


class Institutions(_Layer):
    """Public institutions with their yearly energy (optional), FACTS J6."""

    institution_id: Series[str] = pa.Field(unique=True, title="机构编号", description="identifier, text")
    name: Series[str] = pa.Field(nullable=True, title="单位名称", description="name")
    institution_kind: Series[str] = pa.Field(
        isin=INSTITUTION_KINDS, title="机构类型", description="kind of institution"
    )
    level: Series[str] = pa.Field(isin=LEVELS, title="级别", description="administrative level")
    is_frugal: Series[pa.BOOL] = pa.Field(nullable=True, title="是否节约型机关", description="recognised as frugal")
    floor_area_m2: Series[float] = pa.Field(nullable=True, gt=0, title="建筑面积(m²)", description="floor area [m2]")
    people: Series[float] = pa.Field(nullable=True, gt=0, title="用能人数", description="people who use energy [1]")
    energy_year: Series[float] = pa.Field(nullable=True, ge=2000, le=2100, title="统计年份", description="year")
    energy_tce: Series[float] = pa.Field(
        nullable=True, ge=0, title="综合能耗(tce)", description="energy of that year [tce]"
    )
    base_floor_area_m2: Series[float] = pa.Field(
        nullable=True, gt=0, title="2020年建筑面积(m²)", description="floor area in 2020 [m2]"
    )
    base_people: Series[float] = pa.Field(nullable=True, gt=0, title="2020年用能人数", description="people in 2020 [1]")
    base_energy_tce: Series[float] = pa.Field(
        nullable=True, ge=0, title="2020年综合能耗(tce)", description="energy of 2020 [tce]"
    )


MODELS: Final[dict[str, type[_Layer]]] = {
    "buildings": Buildings,
    "boilers": Boilers,
    "plants": Plants,
    "networks": Networks,
    "villages": Villages,
    "counties": Counties,
    "parcels": Parcels,
    "transformers": Transformers,
    "streets": Streets,
    "institutions": Institutions,
}
IDENTIFIERS: Final = {
    "buildings": "building_id",
    "boilers": "boiler_id",
    "plants": "unit_id",
    "networks": "network_id",
    "villages": "village_code",
    "counties": "county_code",
    "parcels": "parcel_id",
    "transformers": "transformer_id",
    "streets": "street_id",
    "institutions": "institution_id",
}
GEOMETRY_TYPES: Final = {
    "buildings": POLYGONS,
    "boilers": ("Point",),
    "plants": ("Point", *POLYGONS),
    "networks": ("Point", *LINES, *POLYGONS),
    "villages": ("Point", *POLYGONS),
    "counties": POLYGONS,
    "parcels": POLYGONS,
    "transformers": ("Point", *POLYGONS),
    "streets": LINES,
    "institutions": ("Point", *POLYGONS),
}


@cache
def schema(layer: str) -> pa.DataFrameSchema:
    """Return the pandera schema of a layer; it is shared: do not change it.

    Raises
    ------
    KeyError
        If there is no such layer.
    """
    return cast("pa.DataFrameSchema", MODELS[layer].to_schema())


@cache
def data_columns(layer: str) -> tuple[str, ...]:
    """Return the columns of a layer that a file may fill: all but the geometry and where a row came from."""
    return tuple(name for name in schema(layer).columns if name not in ("geometry", *PROVENANCE))


def title(layer: str, column: str, language: str = "zh") -> str:
    """Return the label of a column: its Chinese title, or its English description."""
    field = schema(layer).columns.get(column)
    if field is None:
        return column
    return str((field.title if language == "zh" else field.description) or column)


@cache
def allowed(layer: str, column: str) -> tuple[str, ...] | None:
    """Return the coded values that a column may hold, or None where it is not coded."""
    for check in schema(layer).columns[column].checks:
        if check.name == "isin":
            return tuple(check.statistics["allowed_values"])
    return None
