"""The console's page of faults and quirks."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from exchange.sandbox.faults import CHOICES, KINDS, MEANINGS, QUIRKS
from exchange.sandbox.pages import frame, table


def switches(described: Mapping, said: str = "") -> str:
    """The faults that are on, a form for one more, and the quirks."""
    rows = (
        (
            escape(fault["kind"]),
            escape(fault["route"]),
            escape(fault["method"] or "any"),
            f"{fault['probability']:g}",
            "no end" if fault["count"] is None else str(fault["count"]),
            f"{fault['seconds']:g} s",
            str(described["struck"].get(fault["kind"], 0)),
        )
        for fault in described["faults"]
    )
    kinds = "".join(
        f'<option value="{kind}">{kind}: {escape(text.replace("`", ""))}</option>'
        for kind, text in KINDS.items()
    )
    quirks = "".join(_quirk(name, described["quirks"][name]) for name in QUIRKS)
    heads = ("Kind", "Route", "Method", "Probability", "Strikes left", "Seconds", "Struck")
    body = f"""<section aria-labelledby="faults"><h2 id="faults">Faults</h2>
{table("Faults that are on", heads, rows, "No fault is on.")}
<form method="post" action="/_sandbox/switches/faults" class="grid">
<label class="wide">Kind <select name="kind">{kinds}</select></label>
<label>Route <input name="route" value="*" placeholder="customers.*, documents.upload"></label>
<label>Method <select name="method"><option value="">any</option><option>GET</option><option>POST</option>
<option>PUT</option></select></label>
<label>Probability <input name="probability" type="number" min="0" max="1" step="any" value="1"></label>
<label>Strikes <input name="count" type="number" min="1" placeholder="without end"></label>
<label>Seconds <input name="seconds" type="number" min="0" step="any" placeholder="the kind's own"></label>
<label>Status <input name="status" type="number" min="100" max="599" placeholder="the kind's own"></label>
<label>Retry-After <input name="retry_after" type="number" min="0" placeholder="not sent"></label>
<button>Switch on</button>
</form></section>
<section aria-labelledby="quirks"><h2 id="quirks">Quirks</h2>
<form method="post" action="/_sandbox/switches/quirks" class="grid">{quirks}<button>Set
quirks</button></form></section> <form method="post" action="/_sandbox/switches/clear"><button
class="danger">Everything back to default</button></form>"""
    return frame("Faults and quirks", body, here="switches", said=said)


def _quirk(name: str, value: object) -> str:
    """One quirk's field, its meaning beside it."""
    hint = f'<small id="{name}-hint">{escape(MEANINGS[name])}</small>'
    field = f'id="{name}" name="{name}" aria-describedby="{name}-hint"'
    if isinstance(value, bool):
        checked = " checked" if value else ""
        box = f'<input type="checkbox" value="true" {field}{checked}>'
        return f'<div class="quirk"><label class="check">{box} {name}</label>{hint}</div>'
    if name in CHOICES:
        options = "".join(
            f"<option{' selected' if choice == value else ''}>{choice}</option>" for choice in CHOICES[name]
        )
        control = f"<select {field}>{options}</select>"
    else:
        kind = 'type="date"' if name == "today" else 'type="number" min="0" step="any" required'
        control = f'<input {kind} value="{value}" {field}>'
    return f'<div class="quirk"><label>{name} {control}</label>{hint}</div>'
