"""Tables from the literature that several tests use."""

GAP = None

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C: four observers, 12 units, missing data.
# Gwet 2014, "Handbook of Inter-Rater Reliability", 4th ed., computes his coefficients on the same ratings.
FOUR_OBSERVERS = list(
    zip(
        [1, 2, 3, 3, 2, 1, 4, 1, 2, GAP, GAP, GAP],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, GAP, 3],
        [GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, GAP],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, GAP],
        strict=True,
    )
)

# Krippendorff 2011, section A: two observers, binary.
BINARY = list(zip([0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0], strict=True))

# Krippendorff 2011, section B: two observers, five named values.
NOMINAL = list(zip("aabbdcccedda", "babbbccceddd", strict=True))

# Fleiss 1971, "Measuring nominal scale agreement among many raters", table 1: 30 patients, 6 psychiatrists.
PATIENTS = [
    "444444", "222555", "233335", "555555", "222444", "113333", "333355", "113334", "114444", "555555",
    "144444", "124444", "222333", "144444", "224445", "333335", "111455", "111112", "224444", "133555",
    "555555", "244444", "224555", "114444", "144445", "222224", "111155", "224444", "133333", "555555",
]  # fmt: skip

# Wikipedia, "Fleiss' kappa", worked example: 10 subjects, 14 raters, counts in 5 categories.
SUBJECTS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip

# Shrout & Fleiss 1979, "Intraclass correlations", table 2: 6 targets, 4 judges.
TARGETS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]

# The SAS example in statsmodels' test_inter_rater.py (`table10`): cross-classification by two raters.
SAS = [[0, 4, 1], [0, 8, 0], [0, 1, 5]]

# Stigler 1994, "Citation patterns in the journals of statistics and probability": row cited by column.
JOURNALS = ["Biometrika", "Comm Statist", "JASA", "JRSS-B"]
CITATIONS = [[714, 730, 498, 221], [33, 425, 68, 17], [320, 813, 1072, 142], [284, 276, 325, 188]]

# Wikipedia, "Bradley–Terry model", worked example: row beat column.
WIKIPEDIA_WINS = [[0, 2, 0, 1], [3, 0, 5, 0], [0, 3, 0, 1], [4, 0, 3, 0]]


def crossed(table: list[list[int]]) -> list[tuple[int, int]]:
    return [(row, column) for row, cells in enumerate(table) for column, n in enumerate(cells) for _ in range(n)]


def from_counts(table: list[list[int]]) -> list[list[int]]:
    return [[category for category, n in enumerate(row) for _ in range(n)] for row in table]
