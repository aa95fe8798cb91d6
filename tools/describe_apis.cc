// tools/describe_apis.cc - prints all message descriptions as JSON, which tools/check_protocol.py
// compares with Kafka's definitions.
#include "klamm/kafka/describe.h"

#include <cstdio>

int main() {
    auto const text = klamm::kafka::describe_json();
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
