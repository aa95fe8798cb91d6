// kafka/instantiate.h - makes the code of one message; for messages/*.cc only.
#pragma once

#include "klamm/kafka/codec.h"
#include "klamm/kafka/print.h"

#define KLAMM_KAFKA_MESSAGE(T)                                   \
    template void encode<T>(Writer & out, T const&, ApiVersion); \
    template void decode<T>(Reader & in, T&, ApiVersion);        \
    template void print<T>(std::string & out, T const&, ApiVersion, PrintLimits const&)

#define KLAMM_KAFKA_API(Name)           \
    KLAMM_KAFKA_MESSAGE(Name##Request); \
    KLAMM_KAFKA_MESSAGE(Name##Response)
