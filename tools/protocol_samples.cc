// tools/protocol_samples.cc - random messages in every version, for tools/ProtocolOracle.java.
//
// One a line: `FetchRequest 12 <hex>`; without header and length. The seed is the argument.
#include "klamm/kafka/apis.h"
#include "klamm/kafka/message.h"
#include "klamm/kafka/sample.h"

#include <cstdio>
#include <cstdlib>

namespace {

constexpr int samples_per_version = 40;

template <klamm::kafka::Message T>
void print_samples(char const* name, klamm::Random& random) {
    for (auto version = T::api.first; version <= T::api.last; ++version) {
        for (int i = 0; i < samples_per_version; ++i) {
            std::printf("%s %d ", name, version);
            for (auto byte : encode(klamm::kafka::sample<T>(random, version), version))
                std::printf("%02x", std::to_integer<unsigned>(byte));
            std::printf("\n");
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    using namespace klamm::kafka;
    klamm::Random random{argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1};
#define X(Name)                                            \
    print_samples<Name##Request>(#Name "Request", random); \
    print_samples<Name##Response>(#Name "Response", random);
    KLAMM_KAFKA_APIS(X)
#undef X
    return std::fflush(stdout) == 0 ? 0 : 1;
}
