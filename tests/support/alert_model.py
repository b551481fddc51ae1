"""An alert as it should be: the obvious model, a few fields in memory."""

from datetime import datetime

from gateway.domain.enumerations import AlertStatus, CaseDecision

ACTIVE, INVESTIGATING = AlertStatus.ACTIVE, AlertStatus.INVESTIGATING
RESOLVED, FALSE_POSITIVE = AlertStatus.RESOLVED, AlertStatus.FALSE_POSITIVE
MOVES = {
    (ACTIVE, INVESTIGATING): "CLAIMED",
    (INVESTIGATING, ACTIVE): "RELEASED",
    (INVESTIGATING, RESOLVED): "RESOLVED",
    (INVESTIGATING, FALSE_POSITIVE): "MARKED_FALSE_POSITIVE",
    (RESOLVED, ACTIVE): "REOPENED",
    (FALSE_POSITIVE, ACTIVE): "REOPENED",
}
CLOSES = {CaseDecision.FRAUD: RESOLVED, CaseDecision.LEGITIMATE: FALSE_POSITIVE}


class Model:
    """What an alert should be. Every method returns whether it is allowed, and does it if so."""

    def __init__(self) -> None:
        self.status = ACTIVE
        self.holder: str | None = None
        self.outcome: CaseDecision | None = None
        self.closed: datetime | None = None
        self.history = [("RAISED", None, ACTIVE)]

    @property
    def open(self) -> bool:
        return self.status in {ACTIVE, INVESTIGATING}

    def go(self, action: str, target: AlertStatus) -> None:
        self.history.append((action, self.status, target))
        self.status = target

    def move(self, target: AlertStatus, analyst: str, now: datetime) -> bool:
        action = MOVES.get((self.status, target))
        if action is None:
            return False
        self.go(action, target)
        self.closed = None if self.open else now
        if target is INVESTIGATING:
            self.holder = analyst
        if target is ACTIVE:
            self.holder = self.outcome = None
        return True

    def claim(self, analyst: str, now: datetime) -> bool:
        return self.status is ACTIVE and self.move(INVESTIGATING, analyst, now)

    def release(self, analyst: str, now: datetime) -> bool:
        return self.status is INVESTIGATING and self.move(ACTIVE, analyst, now)

    def assign(self, assignee: str) -> bool:
        if not self.open or (self.status is INVESTIGATING and self.holder == assignee):
            return False
        self.go("REASSIGNED", INVESTIGATING)
        self.holder = assignee
        return True

    def decide(self, decision: CaseDecision, analyst: str, now: datetime) -> bool:
        if not self.open:
            return False
        if self.status is ACTIVE:
            self.claim(analyst, now)
        target = CLOSES.get(decision, INVESTIGATING)
        self.go(f"DECIDED_{decision}", target)
        if self.open:
            self.holder = analyst
        else:
            self.outcome, self.closed = decision, now
        return True
