"""Opens the user rules of a scoring server and follows their folder."""

from collections.abc import Callable
from contextlib import ExitStack

from scoring_server.config import ScoringConfig
from scoring_server.rules.rule_book import RuleBook
from scoring_server.rules.rule_set import RuleSet
from scoring_server.telemetry.metrics import Metrics
from scoring_server.telemetry.rule_metrics import RuleCollector


def open_rules(
    config: ScoringConfig,
    use: Callable[[RuleSet | None], None],
    metrics: Metrics,
    opened: ExitStack,
) -> RuleBook:
    """Open the rules and show their figures; changes are followed until the stack is closed.

    Raises:
        ConfigurationError: they are faulty, and there were none before.
    """
    book = RuleBook(config.rules_dir, config.data_dir, use, config.rules_watch_s)
    book.open()
    metrics.registry.register(RuleCollector(book))
    book.start()
    opened.callback(book.stop)
    return book
