from hypothesis import settings

# jieba and the tables of Unicode load inside whichever example comes first.
settings.register_profile("pure", deadline=None, max_examples=50)
settings.load_profile("pure")
