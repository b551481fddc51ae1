"""Features that came after the first catalogue; new ones are added at the end, none is moved."""

from typing import Final

from scoring_server.catalogue.feature import Feature

ADDITIONS: Final = (
    Feature(
        "account_amount_surprise",
        "how rare so large a multiple of the account's usual amount is in its peer group; "
        "0 outside the highest hundredth",
        "-log10 of the probability",
        "payment",
    ),
    Feature(
        "account_large_count",
        "payments of the account with an amount surprise, fading with a half-life of 3 d",
        "payments",
        "both",
    ),
    Feature(
        "account_large_surprise",
        "total amount surprise of those payments, fading alike",
        "-log10 of the probability",
        "both",
    ),
    Feature(
        "peer_amount_surprise",
        "how rare so large an amount is for the merchant category and channel; "
        "0 outside the highest hundredth",
        "-log10 of the probability",
        "payment",
    ),
    *(
        Feature(
            f"merchant_fraud_ratio_{days}d",
            f"share of known frauds on the payee's last {days} settled days; a day is settled "
            "when it is as old as the payee's frauds are when they become known",
            "ratio",
            "payment",
            f"{days}d",
        )
        for days in (1, 7, 30)
    ),
    Feature(
        "merchant_fraud_count_30d",
        "known frauds of the payee on its last 30 settled days and the days since",
        "payments",
        "payment",
        "30d",
    ),
    Feature(
        "merchant_fraud_run_count",
        "payments on the payee's newest settled days, as far back as all of them were frauds",
        "payments",
        "payment",
        "40d",
    ),
    Feature("merchant_fraud_run_days", "time since the first day of those", "d", "payment", "40d"),
    Feature(
        "merchant_fraud_age_days",
        "time since the day of the payee's newest known fraud",
        "d",
        "payment",
        "40d",
    ),
)
