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


class Node(Struct, frozen=True, kw_only=True):
    """Something in the picture; `parent` is what it is joined to."""

    kind: str
    entity_id: str
    label: str
    x: float
    y: float
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
            nodes.append(_node(each.entity_type, each.entity_id, apart, _LINKED_REACH, node))
    return Graph(WIDTH, HEIGHT, nodes)


def _node(kind: str, entity_id: str, angle: float, reach: float, parent: Node | None) -> Node:
    label = entity_id
    if len(label) > _LABEL_LENGTH_MAX:
        label = label[: _LABEL_LENGTH_MAX - 1] + "…"
    return Node(
        kind=str(kind),
        entity_id=entity_id,
        label=label,
        x=round(WIDTH / 2 * (1 + reach * math.cos(angle)), 1),
        y=round(HEIGHT / 2 * (1 + reach * math.sin(angle)), 1),
        parent=parent,
    )
