"""The house as data, and how its sources are walked: who imports whom, and how large a file is."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]

# Which rooms a room may look into. Nothing points back.
ROOMS: dict[str, frozenset[str]] = {
    "vault": frozenset(),
    "exchange": frozenset({"vault"}),
    "accounts": frozenset({"vault"}),
    "customers": frozenset({"vault", "exchange", "accounts"}),
    "kyc": frozenset({"vault", "exchange", "accounts", "customers"}),
    "payments": frozenset({"vault", "exchange", "accounts", "customers", "kyc"}),
    "portal": frozenset({"vault", "exchange", "accounts", "customers", "kyc", "payments"}),
}
# What measures, tests and explains the product; the product never needs it.
OUTSIDE = frozenset({"docs", "bench", "tests"})

# Inside a room, from the bottom to the top. A module's layer is the first of these names in its path, or
# its own entry in LAYER_OF; a module named after its subject alone is a service.
LAYERS = {
    "choices": 0,
    "models": 1,
    "rules": 2,
    "queries": 2,
    "services": 3,
    "forms": 4,
    "api": 4,
    "tasks": 4,
    "admin": 4,
    "views": 4,
    "urls": 4,
    "management": 4,
}
SERVICES = LAYERS["services"]
LAYER_OF = {
    # Plain values that everybody above may use.
    "accounts.circumstances": 0,
    "accounts.roles": 0,
    "customers.lists": 0,
    "customers.problems": 0,
    "exchange.outbox.database": 0,
    "kyc.doc_types": 0,
    "accounts.audit_rows": 1,
    "accounts.proposal_rows": 1,
    "kyc.reconciliation.rows": 1,
    "kyc.retention.rows": 1,
    # Rules and queries under the name of their subject.
    "kyc.canonical": 2,
    "kyc.document_rules": 2,
    "kyc.gate": 2,
    "kyc.jail": 2,
    "kyc.records": 2,
    "kyc.requirements": 2,
    "kyc.warnings": 2,
    "portal.pages.customer.correction": 2,
    "portal.pages.drafts": 2,
    "portal.pages.overview.blockers": 2,
    "portal.pages.overview.missing": 2,
    "portal.pages.waiting.kinds": 2,
    "customers.known": 2,
    "customers.candidates": 2,
    "customers.any_of": 2,
    "customers.indexes": 2,
    "kyc.contents": 2,
    # What a page shows, read and laid out.
    "portal.pages.customer.facts": 2,
    "portal.pages.customer.needs": 2,
    "portal.pages.customer.payments": 2,
    "portal.pages.customer.sent": 2,
    "portal.pages.customer.timeline": 2,
    "portal.pages.customer.way": 2,
    "portal.pages.audit.words": 2,
    "portal.pages.paging": 2,
    "portal.pages.list_filters": 3,
    "portal.pages.standing": 2,
    "portal.pages.whose_move": 2,
    # Rings the tasks from outside.
    "portal.doorbell": 4,
    # Views under the name of what they do.
    "portal.body_limit": 4,
    "portal.faults": 4,
    "portal.pages.customer.decisions": 4,
    "portal.pages.customer.downloads": 4,
    "portal.pages.account.invitation": 4,
    "portal.pages.account.second_factor": 4,
    "portal.pages.account.sessions": 4,
    "portal.pages.account.sign_in": 4,
    "portal.pages.account.step_up": 4,
}
# Exceptions to the order of layers, each with its reason: (importer, imported).
LAYER_EXCEPTIONS: dict[tuple[str, str], str] = {
    (
        "portal.pages.customer.needs",
        "portal.pages.customer.forms",
    ): "a need that is dealt with on the page carries its form",
    ("exchange.outbox.queries", "exchange.outbox.enqueueing"): "asks in the same chunks as it was written in",
}

# Data in, data out: no tables, no queries, no settings of a request.
PURE = (
    "customers.rules",
    "customers.lists",
    "customers.problems",
    "kyc.doc_types",
    "kyc.document_rules",
    "kyc.drift.comparing",
    "kyc.drift.details",
    "kyc.gate",
    "kyc.jail",
    "kyc.requirements.asking",
    "kyc.requirements.businesses",
    "kyc.requirements.data",
    "kyc.requirements.delivery",
    "kyc.requirements.documents",
    "kyc.requirements.facts",
    "kyc.requirements.individuals",
    "kyc.requirements.rows",
    "kyc.requirements.working_out",
)
# Names that say nothing about what is inside.
EMPTY_NAMES = frozenset(
    {"util", "utils", "helper", "helpers", "core", "common", "manager", "managers", "misc", "stuff"}
)
LINES_MAX = 300


@dataclass(frozen=True)
class Arrow:
    """`importer` imports `imported`, both by dotted name, at `line` of its file."""

    importer: str
    imported: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def sources() -> dict[str, str]:
    """The source of every module of the rooms by dotted name, without migrations, which write themselves."""
    found = {}
    for room in ROOMS:
        for path in sorted((PROJECT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                found[dotted(path)] = path.read_text(encoding="utf-8")
    return found


def dotted(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def arrows(modules: dict[str, str]) -> Iterator[Arrow]:
    """Every import of every module, wherever in the file it stands; `from a import b` counts as a and a.b."""
    packages = {name.rpartition(".")[0] for name in modules}
    for importer, source in modules.items():
        for node in _imports(source):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Arrow(importer, alias.name, node.lineno)
            else:
                base = _base(importer, node, importer in packages)
                names = [f"{base}.{alias.name}" for alias in node.names]
                inner = [name for name in names if name in modules]
                # A package that is only passed through on the way to its module is no arrow of its own.
                if len(inner) < len(names) or not names:
                    yield Arrow(importer, base, node.lineno)
                for name in inner:
                    yield Arrow(importer, name, node.lineno)


@cache
def _imports(source: str) -> list[ast.Import | ast.ImportFrom]:
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom)]


def _base(importer: str, node: ast.ImportFrom, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = importer.split(".")
    parts = parts[: len(parts) - node.level + (1 if is_package else 0)]
    return ".".join([*parts, node.module] if node.module else parts)


def room_of(module: str) -> str:
    return module.partition(".")[0]


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def layer_of(module: str) -> int:
    """The layer of a module within its room."""
    for name, layer in LAYER_OF.items():
        if is_within(module, name):
            return layer
    for part in module.split(".")[1:]:
        if part in LAYERS:
            return LAYERS[part]
    return SERVICES


def backward_arrows(modules: dict[str, str]) -> list[str]:
    """Arrows from a room into one that it may not look into."""
    return [
        str(arrow)
        for arrow in arrows(modules)
        if (room := room_of(arrow.imported)) in ROOMS
        and room != room_of(arrow.importer)
        and room not in ROOMS[room_of(arrow.importer)]
    ]


def upward_arrows(modules: dict[str, str]) -> list[str]:
    """Arrows inside a room from a lower layer to a higher one."""
    return [
        str(arrow)
        for arrow in arrows(modules)
        if arrow.imported in modules
        and room_of(arrow.imported) == room_of(arrow.importer)
        and layer_of(arrow.imported) > layer_of(arrow.importer)
        and (arrow.importer, arrow.imported) not in LAYER_EXCEPTIONS
    ]


def arrows_outside(modules: dict[str, str]) -> list[str]:
    """Arrows from the product to what only tests, measures or explains it."""
    return [str(arrow) for arrow in arrows(modules) if room_of(arrow.imported) in OUTSIDE]


def arrows_to(modules: dict[str, str], package: str, forbidden: tuple[str, ...]) -> list[str]:
    """Arrows from `package` to any of `forbidden`."""
    return [
        str(arrow)
        for arrow in arrows(modules)
        if is_within(arrow.importer, package) and any(is_within(arrow.imported, name) for name in forbidden)
    ]


def impure_arrows(modules: dict[str, str]) -> list[str]:
    """Arrows from a pure module to tables or queries."""
    return [
        str(arrow)
        for arrow in arrows(modules)
        if any(is_within(arrow.importer, name) for name in PURE)
        and (
            is_within(arrow.imported, "django.db")
            or (room_of(arrow.imported) in ROOMS and layer_of(arrow.imported) == LAYERS["models"])
            or arrow.imported.endswith(".queries")
        )
    ]


def empty_names(names: list[str]) -> list[str]:
    """The dotted names in which a part says nothing."""
    return [name for name in names if EMPTY_NAMES & set(name.split("."))]


def oversized(modules: dict[str, str], exempt: dict[str, int]) -> list[str]:
    """Files over 300 lines, or over what their exemption grants; and exemptions that are needed no more."""
    told = []
    for name, source in modules.items():
        lines = source.count("\n")
        if lines > exempt.get(name, LINES_MAX):
            told.append(f"{name} has {lines} lines")
        elif name in exempt and lines <= LINES_MAX:
            told.append(f"{name} has {lines} lines and needs no exemption")
    return told + [f"{name} is exempt and does not exist" for name in exempt if name not in modules]
