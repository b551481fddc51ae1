"""The operators that a graph may use: each treats rows alike, ends by itself, and is no chance.

Left out on purpose: loops and subgraphs, whose time no check can bound; random numbers; text,
images, sequences and optional values, which no feature is; and training.
"""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ARITHMETIC = _names("""
    Abs Add BitShift Ceil Clip Cos Cosh Div Erf Exp Floor Log Max Mean Min Mod Mul Neg Pow
    Reciprocal Round Sign Sin Sinh Sqrt Sub Sum Tan Tanh Acos Asin Atan
""")
_LOGIC = _names("""
    And Equal Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Not Or Where Xor
""")
_NETWORK = _names("""
    BatchNormalization Celu Conv Elu Gelu Gemm GlobalAveragePool GlobalMaxPool
    GroupNormalization HardSigmoid HardSwish InstanceNormalization LayerNormalization LeakyRelu
    LogSoftmax LRN MatMul MaxPool AveragePool Mish PRelu Relu RMSNormalization Selu Sigmoid Softmax
    Softplus Softsign Swish ThresholdedRelu GRU LSTM RNN Einsum
""")
_REDUCTION = _names("""
    ArgMax ArgMin CumSum LpNormalization ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax
    ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare TopK MeanVarianceNormalization
""")
_SHAPE = _names("""
    Cast CastLike Compress Concat Constant ConstantOfShape Expand Flatten Gather GatherElements
    GatherND Identity NonZero OneHot Pad Range Reshape ScatterElements ScatterND Shape Size Slice
    Split Squeeze Tile Transpose Trilu Unsqueeze EyeLike
""")
_QUANTIZED = _names("DequantizeLinear DynamicQuantizeLinear MatMulInteger QuantizeLinear")

_CLASSIC = _names("""
    ArrayFeatureExtractor Binarizer FeatureVectorizer Imputer LabelEncoder LinearClassifier
    LinearRegressor Normalizer OneHotEncoder Scaler SVMClassifier SVMRegressor TreeEnsemble
    TreeEnsembleClassifier TreeEnsembleRegressor ZipMap
""")

ALLOWED: dict[str, frozenset[str]] = {
    "": (_ARITHMETIC | _LOGIC | _NETWORK | _REDUCTION | _SHAPE | _QUANTIZED),
    "ai.onnx.ml": _CLASSIC,
}
