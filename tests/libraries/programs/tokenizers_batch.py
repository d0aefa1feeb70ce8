"""A batch of texts, encoded by tokenizers on Rayon's pool."""

from collections.abc import Callable

from tokenizers import Tokenizer, models, pre_tokenizers, trainers


def prepare(setting: int | None = None) -> Callable[[], object]:
    words = [f"word{number % 997} runs{number % 13}" for number in range(3000)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(words, trainers.BpeTrainer(vocab_size=300, special_tokens=["?"], show_progress=False))
    texts = [" ".join(words[start : start + 40]) for start in range(0, 2900, 5)]
    return lambda: tokenizer.encode_batch(texts)
