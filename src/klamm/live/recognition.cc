#include "klamm/live/recognition.h"

#include "klamm/broker/broker.h"
#include "klamm/broker/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace klamm::live {
namespace {

using What = Recognized::What;

constexpr kafka::ApiVersion features_from = 3;

/// A newer server may have left out what was old.
bool knows(kafka::ApiVersionsResponse const& answer, kafka::ApiRange const& api) {
    return std::ranges::any_of(answer.api_keys, [&](auto const& there) {
        return there.api_key == api.key && there.min_version <= api.first &&
               there.max_version >= api.last;
    });
}

}  // namespace

Recognized recognize(kafka::ApiVersionsResponse const& answer) {
    bool const klamm = std::ranges::any_of(answer.finalized_features, [](auto const& feature) {
        return feature.name == broker::klamm_feature;
    });
    if (!klamm) return {What::stranger, "is no Klamm server"};
    for (auto const& api : broker::Broker::apis())
        if (!knows(answer, api))
            return {What::stranger,
                    fmt::format("is a Klamm server of another version, without {} {} to {}",
                                api.name, api.first, api.last)};
    return {};
}

void Recognition::ask(Done done) {
    done_ = std::move(done);
    connection_ = connector_.connect("klamm-bus");
    loop_.after(answer_timeout, [this, asked = std::weak_ptr(connection_)] {
        if (asked.lock()) end({});
    });
    kafka::ApiVersionsRequest request;
    request.client_software_name = "libklamm";
    request.client_software_version = "1";
    send(std::move(request), features_from);
}

template <class Request>
void Recognition::send(Request request, kafka::ApiVersion version) {
    connection_->send(std::move(request), version,
                      [this](std::optional<kafka::AnyResponse> answer) {
                          if (!answer) return end({});
                          heard(std::get<typename Request::Response>(*answer));
                      });
}

void Recognition::heard(kafka::ApiVersionsResponse const& answer) {
    auto recognized = recognize(answer);
    if (recognized.what == What::stranger) return end(std::move(recognized));
    send(kafka::MetadataRequest{}, kafka::MetadataRequest::api.last);
}

void Recognition::heard(kafka::MetadataResponse const& answer) {
    if (answer.brokers.size() == 1) return end({What::klamm, {}});
    end({What::stranger, fmt::format("is one of {} servers", answer.brokers.size())});
}

void Recognition::end(Recognized recognized) {
    connection_.reset();
    std::exchange(done_, nullptr)(std::move(recognized));
}

}  // namespace klamm::live
