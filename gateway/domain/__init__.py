"""The rules of alerts, money and pages: plain values and functions that import nothing of ours."""
