"""Where the parts of the picture of linked entities stand."""

import math

from msgspec import Struct

from gateway.rest.schemas.entities import LinksBody

WIDTH = 640
HEIGHT = 360
# More would not be readable; the list beside the picture has all.
_THINGS_MAX = 8
_LINKED_MAX = 4
_LABEL_LENGTH_MAX = 18
_THING_REACH = 0.42
_LINKED_REACH = 0.86
_SPREAD = 0.75
# Labels above and below the picture stand in steps, as there is no room side by side.
_STEEP = 0.9
_LINE = 12
_BESIDE = 9
_BELOW = 17


class Node(Struct, frozen=True, kw_only=True):
    """Something in the picture; `parent` is what it is joined to.

    Attributes:
        text_x, text_y, anchor: where its label stands, so that labels beside each other stay apart.
    """

    kind: str
    entity_id: str
    label: str
    x: float
    y: float
    text_x: float
    text_y: float
    anchor: str
    parent: "Node | None" = None


class Graph(Struct, frozen=True):
    """The picture, from its middle outwards."""

    width: int
    height: int
    nodes: list[Node]


def graph_of(links: LinksBody) -> Graph:
    """Return the picture: the entity, what it used around it, and who else used that outside."""
    centre = _node(links.entity_type, links.entity_id, 0.0, 0.0, None)
    nodes = [centre]
    things = sorted(links.shared, key=lambda each: -len(each.links))[:_THINGS_MAX]
    for index, thing in enumerate(things):
        angle = 2 * math.pi * index / len(things) - math.pi / 2
        kind = "ACCOUNT" if thing.kind == "COUNTERPARTY" else thing.kind
        node = _node(kind, thing.value, angle, _THING_REACH, centre)
        nodes.append(node)
        linked = thing.links[:_LINKED_MAX]
        for place, each in enumerate(linked):
            share = (place + 0.5) / len(linked) - 0.5
            apart = angle + share * _SPREAD * 2 * math.pi / len(things)
            nodes.append(_node(each.entity_type, each.entity_id, apart, _LINKED_REACH, node, place))
    return Graph(WIDTH, HEIGHT, nodes)


def _node(
    kind: str, entity_id: str, angle: float, reach: float, parent: Node | None, place: int = 0
) -> Node:
    label = entity_id
    if len(label) > _LABEL_LENGTH_MAX:
        label = label[: _LABEL_LENGTH_MAX - 1] + "\u2026"
    x = WIDTH / 2 * (1 + reach * math.cos(angle))
    y = HEIGHT / 2 * (1 + reach * math.sin(angle))
    text_x, text_y, anchor = x, y + _BELOW, "middle"
    if reach > _THING_REACH:
        side = math.copysign(1, math.cos(angle))
        text_x, text_y = x + side * _BESIDE, y + _LINE / 3
        anchor = "start" if side > 0 else "end"
        if abs(math.sin(angle)) > _STEEP:
            text_x, anchor = x, "middle"
            edge = HEIGHT / 2 * (1 + math.copysign(reach, math.sin(angle)))
            text_y = edge + math.copysign(_BELOW + place * _LINE, math.sin(angle))
    return Node(
        kind=str(kind),
        entity_id=entity_id,
        label=label,
        x=round(x, 1),
        y=round(y, 1),
        text_x=round(text_x, 1),
        text_y=round(text_y, 1),
        anchor=anchor,
        parent=parent,
    )
