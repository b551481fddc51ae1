"""The alert list of the gateway, as one would write it with FastAPI, SQLAlchemy and Pydantic.

    python tests/load/fastapi_twin.py PORT

serves GET /api/alerts on DATABASE_URL: the same query, order, filter, cursor and body as the
gateway's, with the total from the same table of counts. It stands alone, so that it may run in an
environment of its own (the dependency group `twin`), and is there to be compared with;
compare_with_fastapi.py does that.
"""

import base64
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

POOL_SIZE = 10


class Severity(StrEnum):
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class Status(StrEnum):
    ACTIVE = "ACTIVE"
    INVESTIGATING = "INVESTIGATING"
    RESOLVED = "RESOLVED"
    FALSE_POSITIVE = "FALSE_POSITIVE"


class Base(DeclarativeBase):
    pass


class Alert(Base):
    __tablename__ = "alerts"

    alert_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    status: Mapped[str]
    severity: Mapped[str]
    risk_score: Mapped[float]
    entity: Mapped[str]
    entity_type: Mapped[str]
    account_id: Mapped[str]
    leading_reason: Mapped[str]
    description: Mapped[str]
    transaction_id: Mapped[str]
    transaction_count: Mapped[int]
    first_event_time: Mapped[datetime]
    last_event_time: Mapped[datetime]
    raised_time: Mapped[datetime]
    updated_time: Mapped[datetime]
    response_deadline: Mapped[datetime]
    resolution_deadline: Mapped[datetime]
    claimed_time: Mapped[datetime | None]
    closed_time: Mapped[datetime | None]
    outcome: Mapped[str | None]
    assigned_to: Mapped[str | None]
    fraud_count: Mapped[int]
    is_open: Mapped[bool]
    queue_rank: Mapped[float]


class AlertCount(Base):
    __tablename__ = "alert_counts"

    status: Mapped[str] = mapped_column(primary_key=True)
    severity: Mapped[str] = mapped_column(primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]


class AlertBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    alert_id: str
    timestamp: datetime
    entity: str
    entity_type: str
    risk_score: float
    severity: Severity
    status: Status
    priority: str
    version: int
    account_id: str
    transaction_id: str
    transaction_count: int
    leading_reason: str
    description: str
    assigned_to: str | None
    outcome: str | None
    response_deadline: datetime
    resolution_deadline: datetime
    sla_deadline: datetime
    sla_breached: bool
    updated_at: datetime
    closed_at: datetime | None


class Pagination(BaseModel):
    page: int
    limit: int
    total_pages: int
    total_records: int
    has_next: bool
    has_previous: bool
    next_cursor: str | None
    total_is_lower_bound: bool = False


class AlertList(BaseModel):
    data: list[AlertBody]
    pagination: Pagination


engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1),
    pool_size=POOL_SIZE,
    max_overflow=0,
)
sessions = async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def session() -> AsyncIterator[AsyncSession]:
    async with sessions() as opened:
        yield opened


_ORIGIN = datetime(2020, 1, 1, tzinfo=UTC)


def priority(rank: float, at: datetime) -> str:
    points = rank + 10 / 86_400 * (at - _ORIGIN).total_seconds()
    if points >= 70:
        return "P1"
    return "P2" if points >= 40 else "P3"


def body(alert: Alert, now: datetime) -> AlertBody:
    active = alert.status == Status.ACTIVE
    late = (alert.claimed_time or now) > alert.response_deadline
    late = late or (alert.closed_time or now) > alert.resolution_deadline
    return AlertBody(
        alert_id=alert.alert_id,
        timestamp=alert.raised_time,
        entity=alert.entity,
        entity_type=alert.entity_type,
        risk_score=round(alert.risk_score, 4),
        severity=Severity(alert.severity),
        status=Status(alert.status),
        priority=priority(alert.queue_rank, alert.closed_time or now),
        version=alert.version,
        account_id=alert.account_id,
        transaction_id=alert.transaction_id,
        transaction_count=alert.transaction_count,
        leading_reason=alert.leading_reason,
        description=alert.description,
        assigned_to=alert.assigned_to,
        outcome=alert.outcome,
        response_deadline=alert.response_deadline,
        resolution_deadline=alert.resolution_deadline,
        sla_deadline=alert.response_deadline if active else alert.resolution_deadline,
        sla_breached=late,
        updated_at=alert.updated_time,
        closed_at=alert.closed_time,
    )


def cursor_of(alert: Alert) -> str:
    position = json.dumps(["timestamp", alert.raised_time.isoformat(), alert.alert_id])
    return base64.urlsafe_b64encode(position.encode()).decode()


def position_of(cursor: str) -> tuple[datetime, str]:
    try:
        _, value, alert_id, *_ = json.loads(base64.urlsafe_b64decode(cursor + "=="))
        return datetime.fromisoformat(value), alert_id
    except ValueError as error:
        raise HTTPException(422, "cursor is not one of ours") from error


@app.get("/api/alerts")
async def list_alerts(
    opened: Annotated[AsyncSession, Depends(session)],
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    severity: Severity | None = None,
    status: Status | None = None,
    cursor: str = "",
) -> AlertList:
    listed = select(Alert)
    counted = select(func.coalesce(func.sum(AlertCount.number), 0))
    if severity is not None:
        listed = listed.where(Alert.severity == severity)
        counted = counted.where(AlertCount.severity == severity)
    if status is not None:
        listed = listed.where(Alert.status == status)
        counted = counted.where(AlertCount.status == status)
    if cursor:
        raised, alert_id = position_of(cursor)
        listed = listed.where(tuple_(Alert.raised_time, Alert.alert_id) < (raised, alert_id))
    else:
        listed = listed.offset((page - 1) * limit)
    listed = listed.order_by(Alert.raised_time.desc(), Alert.alert_id.desc()).limit(limit + 1)
    found = (await opened.scalars(listed)).all()
    total = int(await opened.scalar(counted) or 0)
    shown = found[:limit]
    more = len(found) > limit
    now = datetime.now(UTC)
    return AlertList(
        data=[body(alert, now) for alert in shown],
        pagination=Pagination(
            page=page,
            limit=limit,
            total_pages=-(-total // limit),
            total_records=total,
            has_next=more,
            has_previous=page > 1 or bool(cursor),
            next_cursor=cursor_of(shown[-1]) if more else None,
        ),
    )


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
