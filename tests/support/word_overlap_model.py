"""A cross-encoder of a few kilobytes, real enough for ONNX Runtime and fastembed: it counts words in common."""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
STOP = "how do i my is the when to a of for and by in are"


def write(folder: Path, texts: str, *, sign: float = 1.0) -> Path:
    """Writes model.onnx and its tokenizer, which knows the words of `texts`. `sign` -1: the fewer, the better."""
    folder.mkdir(parents=True, exist_ok=True)
    words = sorted({"".join(c for c in word if c.isalnum()) for word in texts.lower().split()} - {""})
    vocabulary = {word: number for number, word in enumerate([*SPECIAL, *words])}
    _tokenizer(vocabulary).save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps({"pad_token_id": 0}))
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"model_max_length": 128, "pad_token": "[PAD]", "max_length": 128})
    )
    (folder / "special_tokens_map.json").write_text(
        json.dumps({"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"})
    )
    counts = np.array(
        [float(number >= len(SPECIAL) and word not in STOP.split()) for word, number in vocabulary.items()],
        dtype=np.float32,
    )
    onnx.save(_model(counts, sign), str(folder / "model.onnx"))
    return folder


def _tokenizer(vocabulary: dict[str, int]) -> Tokenizer:
    made = Tokenizer(models.WordLevel(vocabulary, unk_token=SPECIAL[1]))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return made


def _model(counts: np.ndarray, sign: float) -> onnx.ModelProto:
    """logits[b] = sign * sum over i, j: ids[i] == ids[j], i in the question, j in the text, and the word counts."""
    ints = TensorProto.INT64
    inputs = [
        helper.make_tensor_value_info(name, ints, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 1])
    constants = [
        numpy_helper.from_array(counts, "counts"),
        numpy_helper.from_array(np.array([1], dtype=np.int64), "one"),
        numpy_helper.from_array(np.array([2], dtype=np.int64), "two"),
        numpy_helper.from_array(np.array([1, 2], dtype=np.int64), "both"),
        numpy_helper.from_array(np.array(sign, dtype=np.float32), "sign"),
        numpy_helper.from_array(np.array(1.0, dtype=np.float32), "whole"),
    ]
    node = helper.make_node
    nodes = [
        node("Unsqueeze", ["input_ids", "two"], ["across"]),
        node("Unsqueeze", ["input_ids", "one"], ["down"]),
        node("Equal", ["across", "down"], ["same"]),
        node("Cast", ["same"], ["pairs"], to=TensorProto.FLOAT),
        node("Gather", ["counts", "input_ids"], ["telling"]),
        node("Cast", ["token_type_ids"], ["second"], to=TensorProto.FLOAT),
        node("Sub", ["whole", "second"], ["first"]),
        node("Mul", ["telling", "first"], ["asked"]),
        node("Unsqueeze", ["asked", "two"], ["asked_across"]),
        node("Unsqueeze", ["second", "one"], ["second_down"]),
        node("Mul", ["pairs", "asked_across"], ["kept"]),
        node("Mul", ["kept", "second_down"], ["found"]),
        node("ReduceSum", ["found", "both"], ["sums"], keepdims=0),
        node("Mul", ["sums", "sign"], ["signed"]),
        node("Unsqueeze", ["signed", "one"], ["logits"]),
    ]
    graph = helper.make_graph(nodes, "overlap", inputs, [output], constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    onnx.checker.check_model(made)
    return made
