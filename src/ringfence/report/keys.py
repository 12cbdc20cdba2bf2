"""The figures that are read first."""

LARGEST = "concentration_largest"
KEYS = (
    ("lender_loss_es99", "Lenders lose in the worst 1 %"),
    ("prob_significant_lender_loss", "Lenders lose significantly"),
    ("loss_es99", "The pool loses in the worst 1 %"),
    ("loss_mean", "The pool loses on average"),
    ("reserve_ruin", "Reserve does not suffice"),
    ("lender_net_yield", "Lenders earn after losses"),
    (LARGEST, "Largest loan"),
)
"""(metric, what it is called there)."""
LABELS = {
    **dict(KEYS),
    "lender_loss_mean": "Lenders lose on average",
    "prob_significant_loss": "The pool loses significantly",
    "liquidations_mean": "Debt sold on average",
}
"""What figures are called where runs stand side by side."""
