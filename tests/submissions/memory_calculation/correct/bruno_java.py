# who: Bruno, ten years of Java at a bank, retrains as data scientist; unusual: builder, getters, abstract base class, exception hierarchy below ValueError
from abc import ABC, abstractmethod
from typing import Dict


class MemoryCalculationException(ValueError):
    """Base class of everything this module throws."""


class UnsupportedPrecisionException(MemoryCalculationException):
    pass


class IllegalArgumentException(MemoryCalculationException):
    pass


class AbstractMemoryProfile(ABC):
    def __init__(self, parameterCount: float, storageBytes: float) -> None:
        self.__parameterCount = parameterCount
        self.__storageBytes = storageBytes

    def getParameterCount(self) -> float:
        return self.__parameterCount

    def getStorageBytes(self) -> float:
        return self.__storageBytes

    def getTrainingBytes(self) -> float:
        if self.__storageBytes < 2:
            return 2
        return self.__storageBytes

    @abstractmethod
    def getTrainableCount(self) -> float: ...

    @abstractmethod
    def getPrefix(self) -> str: ...

    def getWeights(self) -> float:
        return self.getParameterCount() * self.getStorageBytes()

    def getGradients(self) -> float:
        return self.getTrainableCount() * self.getTrainingBytes()

    def getOptimizer(self) -> float:
        # Adam: exp_avg and exp_avg_sq
        return self.getGradients() + self.getGradients()

    def getTotal(self) -> float:
        return self.getWeights() + self.getGradients() + self.getOptimizer()

    def toMap(self) -> Dict[str, float]:
        result = dict()
        result[self.getPrefix() + "_weights"] = self.getWeights() / 1e9
        result[self.getPrefix() + "_gradients"] = self.getGradients() / 1e9
        result[self.getPrefix() + "_optimizer"] = self.getOptimizer() / 1e9
        result[self.getPrefix() + "_total"] = self.getTotal() / 1e9
        return result


class FullFineTuningProfile(AbstractMemoryProfile):
    def getTrainableCount(self) -> float:
        return self.getParameterCount()

    def getPrefix(self) -> str:
        return "full_ft"


class LoraProfile(AbstractMemoryProfile):
    HIDDEN_SIZE = 4096

    def __init__(self, parameterCount, storageBytes, rank, targetRatio):
        super().__init__(parameterCount, storageBytes)
        self.rank = rank
        self.targetRatio = targetRatio

    def getTrainableCount(self) -> float:
        return self.getParameterCount() * self.targetRatio * 2 * self.rank / LoraProfile.HIDDEN_SIZE

    def getPrefix(self) -> str:
        return "lora"

    def getAdapters(self):
        return self.getTrainableCount() * self.getTrainingBytes()

    def getTotal(self) -> float:
        return super().getTotal() + self.getAdapters()

    def toMap(self):
        result = super().toMap()
        result["lora_adapters"] = self.getAdapters() / 1e9
        return result


class ProfileBuilder:
    __PRECISIONS = {"float32": 32, "float16": 16, "bfloat16": 16, "int8": 8, "int4": 4}

    def withSize(self, billions):
        if not billions > 0:
            raise IllegalArgumentException("model_params_billions must be > 0")
        self.n = billions * 1e9
        return self

    def withRank(self, rank):
        if rank < 0:
            raise IllegalArgumentException("lora_rank must be >= 0")
        self.rank = rank
        return self

    def withRatio(self, ratio):
        if ratio < 0:
            raise IllegalArgumentException("lora_target_ratio must be >= 0")
        self.ratio = ratio
        return self

    def withPrecision(self, precision):
        try:
            self.bytes = self.__PRECISIONS[precision] / 8
        except KeyError as e:
            raise UnsupportedPrecisionException(precision) from e
        return self

    def build(self):
        return FullFineTuningProfile(self.n, self.bytes), LoraProfile(self.n, self.bytes, self.rank, self.ratio)


def calculate_memory_requirements(model_params_billions: float, lora_rank: int = 16,
                                  lora_target_ratio: float = 0.1, precision: str = "float32") -> Dict[str, float]:
    full, lora = (ProfileBuilder()
                  .withSize(model_params_billions)
                  .withRank(lora_rank)
                  .withRatio(lora_target_ratio)
                  .withPrecision(precision)
                  .build())
    result = full.toMap()
    result.update(lora.toMap())
    result["memory_savings_ratio"] = lora.getTotal() / full.getTotal()
    return result
