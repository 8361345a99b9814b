"""Raw tables and texts as they were published, each with its source."""

GAP = None

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", sections C, A and B.
FOUR_OBSERVERS = list(
    zip(
        [1, 2, 3, 3, 2, 1, 4, 1, 2, GAP, GAP, GAP],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, GAP, 3],
        [GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, GAP],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, GAP],
        strict=True,
    )
)
TWO_OBSERVERS_BINARY = list(zip([0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0], strict=True))
TWO_OBSERVERS_NOMINAL = list(zip("aabbdcccedda", "babbbccceddd", strict=True))

# Fleiss 1971, "Measuring nominal scale agreement among many raters", table 1.
THIRTY_PATIENTS = [
    "444444", "222555", "233335", "555555", "222444", "113333", "333355", "113334", "114444", "555555",
    "144444", "124444", "222333", "144444", "224445", "333335", "111455", "111112", "224444", "133555",
    "555555", "244444", "224555", "114444", "144445", "222224", "111155", "224444", "133333", "555555",
]  # fmt: skip

# Wikipedia, "Fleiss' kappa", worked example: subjects by counts in five categories.
FOURTEEN_RATERS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip

# Shrout & Fleiss 1979, "Intraclass correlations", table 2.
FOUR_JUDGES = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]

# The SAS example in statsmodels, test_inter_rater.py (`table10`): one rater's categories by the other's.
TWO_RATERS = [[0, 4, 1], [0, 8, 0], [0, 1, 5]]

# Stigler 1994, "Citation patterns in the journals of statistics and probability": row cited by column.
JOURNALS = ["Biometrika", "Comm Statist", "JASA", "JRSS-B"]
CITATIONS = [[714, 730, 498, 221], [33, 425, 68, 17], [320, 813, 1072, 142], [284, 276, 325, 188]]

# Wikipedia, "Bradley–Terry model", worked example: row beat column.
FOUR_PLAYERS = [[0, 2, 0, 1], [3, 0, 5, 0], [0, 3, 0, 1], [4, 0, 3, 0]]

# sacrebleu, test/test_bleu.py.
BLEU_HYPOTHESES = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."]
BLEU_REFERENCES = [
    ("The dog bit the man.", "The dog had bit the man."),
    ("It was not unexpected.", "No one was surprised."),
    ("The man bit him first.", "The man had bitten the dog."),
]

# google-research/rouge, testdata/pyrouge_files, line 0, scored there by ROUGE-1.5.5.
ROUGE_TARGET = (
    "ZfbCUIUuePaiLVUlCaUXxkpu XPeWing tUHfPMuZ',-Xd Y BrUgVJing M-HV.-DgdDaY.rFDJCRing Ht-LM EKBDXkME,yz'RBr q'wtion "
    "wIojNbN wL,b .a-'XdQggyFl jB-RPP'iyOIcUxer tKM L"
)
ROUGE_PREDICTION = "rFDJCRtion Ht-LM EKtDXkME,yz'RBr q'wer wrojNbN wL,b .a-'XdQggyFl jB-RPP'iyOIcUxi"

# Lin 2004, section 3.2, with ROUGE-1.5.5's clipping: a reference of one line, a hypothesis of two.
LSUM_REFERENCE = "w1 w2 w3 w4 w5"
LSUM_HYPOTHESIS = "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5"
