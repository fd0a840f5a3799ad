"""Field checks: what people found on site of a boiler or building, every word of it kept.

Nothing is ever overwritten: each save adds a version, and a person who had not seen the last one is told what it says.
The records lie in SQLite beside a workspace, or in PostgreSQL where several offices work on one list.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd
import sqlalchemy as sa
from PIL import Image

from data.errors import DataError
from geo.readers.limits import MEGABYTE, limits, safe_name
from heating.records import SCHEMA, Records, refused

Subject = Literal["boiler", "building"]
Status = Literal["open", "visited", "settled"]
Answer = Literal["none", "accepted", "contested"]
SUBJECTS: Final[tuple[Subject, ...]] = ("boiler", "building")
STATUSES: Final[tuple[Status, ...]] = ("open", "visited", "settled")
ANSWERS: Final[tuple[Answer, ...]] = ("none", "accepted", "contested")
LONGEST_NOTE: Final = 4000
_PICTURES: Final = ("JPEG", "PNG", "WEBP")
_METADATA: Final = sa.MetaData(schema=SCHEMA)
_CHECKS: Final = sa.Table(
    "field_checks",
    _METADATA,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("subject_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("status", "answer", "said", "note")),
    sa.Column("photo", sa.Text, nullable=False),
    sa.Column("photo_name", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)
_PHOTOS: Final = sa.Table(
    "field_photos",
    _METADATA,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One version of what is known of a boiler or building from the field.

    Parameters
    ----------
    subject, subject_id : str
        What was checked, and its identifier.
    status : {"open", "visited", "settled"}
        How far the check is.
    answer : {"none", "accepted", "contested"}
        What the field says to the program's verdict.
    said : str
        The verdict that was checked: another one later asks for another check.
    note : str
        In the person's words.
    photo, photo_name : str
        SHA-256 of the picture in the store, and its file's name; empty without one.
    who : str
        Who says it.
    at : str
        When it was saved, in UTC; filled in by the store.
    version : int
        From 1; filled in by the store.
    """

    subject: Subject
    subject_id: str
    status: Status
    answer: Answer = "none"
    said: str = ""
    note: str = ""
    photo: str = ""
    photo_name: str = ""
    who: str = ""
    at: str = ""
    version: int = 0


COLUMNS: Final = tuple(field.name for field in fields(Check))


class CheckStore(Records):
    """The field checks of a workspace.

    Parameters
    ----------
    where : str or pathlib.Path
        Folder of a workspace, or the address of a PostgreSQL database.

    Raises
    ------
    DataError
        If it cannot be opened.
    """

    METADATA = _METADATA

    def save(self, check: Check, *, expected: int, photo: bytes = b"") -> Check:
        """Add a version to what is known of a boiler or building.

        Parameters
        ----------
        check : Check
            What is to be kept; time, version and picture are filled in.
        expected : int
            The version that the person saw, 0 where there was none.
        photo : bytes
            A picture; without one, that of `check` stays.

        Returns
        -------
        Check
            As it was kept.

        Raises
        ------
        DataError
            If somebody has saved another version meanwhile: it says who, when and what, and nothing is written. Also
            if the picture is none, or the note is too long.
        """
        if len(check.note) > LONGEST_NOTE:
            raise refused("check_note", file=check.subject_id, expected=f"≤ {LONGEST_NOTE}", got=str(len(check.note)))
        digest = self._keep(photo, check.photo_name) if photo else check.photo
        done = replace(
            check,
            photo=digest,
            photo_name=safe_name(check.photo_name) if digest else "",
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            version=expected + 1,
        )
        own = (_CHECKS.c.subject == done.subject) & (_CHECKS.c.subject_id == done.subject_id)
        last = sa.select(sa.func.coalesce(sa.func.max(_CHECKS.c.version), 0)).where(own).scalar_subquery()
        row = sa.select(*(sa.literal(value).label(name) for name, value in asdict(done).items())).where(
            last == expected
        )
        try:
            with self.told() as connection:
                adding = sa.insert(_CHECKS).from_select(list(COLUMNS), row).execution_options(preserve_rowcount=True)
                added = connection.execute(adding).rowcount
        except sa.exc.IntegrityError:
            added = 0
        if added != 1:
            raise self._moved(done, expected)
        return done

    def _moved(self, check: Check, expected: int) -> DataError:
        history = self.history(check.subject, check.subject_id)
        said = "; ".join(
            f"v{one.version} {one.who} {one.at} {one.answer} {one.note[:60]}" for one in history[expected:]
        )
        return refused("check_moved", file=check.subject_id, expected=str(expected), got=said or str(len(history)))

    def _keep(self, photo: bytes, name: str) -> str:
        """Keep a picture by its digest; the same one is kept once."""
        most = limits().photo_mb
        if len(photo) > most * MEGABYTE:
            raise refused(
                "check_photo_large", file=name, expected=f"≤ {most} MB", got=f"{len(photo) / MEGABYTE:.1f} MB"
            )
        try:
            with Image.open(io.BytesIO(photo), formats=_PICTURES) as picture:
                picture.verify()
        except Exception as error:  # whatever Pillow raises of a broken or hostile picture
            raise refused("check_photo", file=name, expected=" / ".join(_PICTURES), got=type(error).__name__) from error
        digest = hashlib.sha256(photo).hexdigest()
        absent = ~sa.exists().where(_PHOTOS.c.sha256 == digest)
        row = sa.select(sa.literal(digest), sa.literal(photo, sa.LargeBinary)).where(absent)
        try:
            with self.told() as connection:
                connection.execute(sa.insert(_PHOTOS).from_select(["sha256", "content"], row))
        except sa.exc.IntegrityError:  # another person has just kept it
            pass
        return digest

    def photo(self, digest: str) -> bytes:
        """Return a picture, or nothing where there is none of this digest."""
        with self.told() as connection:
            found = connection.scalar(sa.select(_PHOTOS.c.content).where(_PHOTOS.c.sha256 == digest))
        return bytes(found or b"")

    def history(self, subject: Subject, subject_id: str) -> list[Check]:
        """Return every version of what is known of a boiler or building, the first one first."""
        own = (_CHECKS.c.subject == subject) & (_CHECKS.c.subject_id == subject_id)
        with self.told() as connection:
            rows = connection.execute(sa.select(*_columns()).where(own).order_by(_CHECKS.c.version)).mappings()
            return [Check(**row) for row in rows]

    def table(self, *, every: bool = False) -> pd.DataFrame:
        """Return the last version of every check, or all versions, as a table with the columns of `Check`."""
        chosen = sa.select(*_columns()).order_by(_CHECKS.c.subject, _CHECKS.c.subject_id, _CHECKS.c.version)
        with self.told() as connection:
            rows = [dict(row) for row in connection.execute(chosen).mappings()]
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        return table if every else last_versions(table)


def kept_checks(where: str | Path | None) -> pd.DataFrame:
    """Return all versions of the checks of a workspace; none where there is no workspace.

    Raises
    ------
    DataError
        If its store cannot be opened.
    """
    if where is None:
        return pd.DataFrame(columns=list(COLUMNS))
    store = CheckStore(where)
    try:
        return store.table(every=True)
    finally:
        store.close()


def last_versions(table: pd.DataFrame) -> pd.DataFrame:
    """Return the last version of each check of a table of all versions."""
    return table.drop_duplicates(["subject", "subject_id"], keep="last").reset_index(drop=True)


def _columns() -> list[sa.Column[Any]]:
    return [_CHECKS.c[name] for name in COLUMNS]
