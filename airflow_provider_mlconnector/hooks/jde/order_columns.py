"""Which columns of F4301 and F4311 make a purchase order."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from airflow_provider_mlconnector.exceptions import UnknownField
from airflow_provider_mlconnector.hooks.jde.order_rules import CHARGED, DERIVED, KEY

HEADER, DETAIL = "F4301", "F4311"

HEADER_COLUMNS = tuple(
    "MCU AN8 SHAN DRQJ TRDJ PDDJ CNDJ PTC TXA1 EXR1 HOLD ORBY CRRM CRCD CRR OTOT FAP".split()  # noqa: SIM905
)
LINE_COLUMNS = tuple(
    "AN8 MCU ITM LITM DSC1 DSC2 LNTY NXTR LTTR UORG UOPN UREC UOM PRRC AEXP AOPN FRRC FEA ANI AID OBJ SUB GLC "  # noqa: SIM905
    "TRDJ PDDJ DGL CRCD".split()
)
"""What is read of the tables by default (vendor facts, section 4)."""
NEEDED = {HEADER: ("HOLD",), DETAIL: ("LNID", "NXTR", "LTTR")}
"""Besides the key: what the rules look at and every site has."""
WANTED = ("CRRM",)
"""Of the header, even where other columns are asked for: whether the order is in foreign currency."""
STAMPS = ("UPMJ", "TDAY")


@dataclass(frozen=True)
class Columns:
    """What is read of each table; `optional` is left out where a site's table turns out not to have it.

    :param charged: whether the account of each line is to be told.
    """

    read: dict[str, tuple[str, ...]]
    optional: dict[str, tuple[str, ...]]
    charged: bool

    @classmethod
    def of(cls, asked: Collection[str]) -> Columns:
        """Return what to read for these columns of a record; for none, the default ones.

        A column `F4311.X` is one more in each line.

        :raises UnknownField: for a column of another table.
        """
        wanted = [column for column in sorted(asked) if column not in DERIVED]
        foreign = [column for column in wanted if column.partition(".")[0] not in (HEADER, DETAIL)]
        if foreign:
            raise UnknownField(f"no rows of {', '.join(foreign)} here; there are: {HEADER}, {DETAIL}")
        default = {HEADER: WANTED if asked else HEADER_COLUMNS, DETAIL: LINE_COLUMNS}
        read, optional = {}, {}
        for table in (HEADER, DETAIL):
            given = [column.partition(".")[2] for column in wanted if column.startswith(f"{table}.")]
            sure = (*KEY, *NEEDED[table], *given)
            aliases = dict.fromkeys((*sure, *default[table], *STAMPS))
            read[table] = tuple(f"{table}.{alias}" for alias in aliases)
            optional[table] = tuple(f"{table}.{alias}" for alias in aliases if alias not in sure)
        return cls(read, optional, not asked or bool(CHARGED & set(asked)))
