// tools/describe_apis.cc - prints all message descriptions as JSON, which tools/check_protocol.py
// compares with Kafka's definitions; with --document the text of doc/protocol.md.
#include "klamm/kafka/describe.h"

#include <cstdio>
#include <string_view>

int main(int argc, char** argv) {
    auto const document = argc == 2 && std::string_view{argv[1]} == "--document";
    if (argc > 1 && !document) {
        std::fputs("usage: describe_apis [--document]\n", stderr);
        return 2;
    }
    auto const text = document ? klamm::kafka::protocol_document() : klamm::kafka::describe_json();
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
