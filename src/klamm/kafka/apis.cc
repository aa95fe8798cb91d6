#include "klamm/kafka/apis.h"

#include "klamm/kafka/message.h"
#include "klamm/kafka/print.h"

#include <algorithm>
#include <array>

namespace klamm::kafka {
namespace {

/// What can be known about an API at run time, and the code for its two bodies.
struct Entry {
    std::string_view name;
    Api api;
    void (*decode_request)(Reader&, AnyRequest&, ApiVersion);
    void (*decode_response)(Reader&, AnyResponse&, ApiVersion);
};

template <class Message, class Any>
void decode_into(Reader& in, Any& any, ApiVersion version) {
    decode(in, any.template emplace<Message>(), version);
}

template <class Request>
constexpr Entry entry(std::string_view name) {
    using Response = typename Request::Response;
    static_assert(Request::api.key == Response::api.key);
    return {name, Request::api, decode_into<Request, AnyRequest>,
            decode_into<Response, AnyResponse>};
}

#define X(Name) entry<Name##Request>(#Name),
constexpr auto entries = std::to_array<Entry>({KLAMM_KAFKA_APIS(X)});
#undef X
static_assert(std::ranges::is_sorted(entries, {}, [](Entry const& e) { return e.api.key; }));

constexpr auto advertised = [] {
    std::array<ApiRange, entries.size()> ranges;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        auto const& [name, api, _, __] = entries[i];
        ranges[i] = {api.key, api.key == ProduceRequest::api.key ? ApiVersion{0} : api.first,
                     api.last, name};
    }
    return ranges;
}();

Entry const* find(std::int16_t key) {
    auto const at =
        std::ranges::lower_bound(entries, key, {}, [](Entry const& e) { return e.api.key; });
    return at != entries.end() && at->api.key == key ? &*at : nullptr;
}

bool has_response_tags(Api const& api, ApiVersion version) {
    return api.flexible(version) && api.key != ApiVersionsRequest::api.key;
}

// ---- headers ------------------------------------------------------------------------------

std::optional<std::string> get_client_id(Reader& in) {
    auto const length = in.integer<std::int16_t>();  // never compact, in any version
    if (length < -1) in.fail(Refusal::bad_length);
    if (length < 0) return std::nullopt;
    auto const bytes = in.take(std::size_t(length));
    return std::string{reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

void put_client_id(Writer& out, std::optional<std::string> const& client_id) {
    if (!client_id) return out.integer(std::int16_t(-1));
    ensure(client_id->size() <= string_bytes_max);
    out.integer(std::int16_t(client_id->size()));
    out.raw(std::as_bytes(std::span{*client_id}));
}

/// No header tag is known to us; all are skipped.
void skip_tags(Reader& in) {
    auto const count = in.uvarint();
    if (count > tagged_fields_max) in.fail(Refusal::too_many_tags);
    for (auto left = count; left > 0 && !in.failed(); --left) {
        in.uvarint();
        in.take(in.uvarint());
    }
}

/// Who does not know the version of ApiVersions that was asked for answers in version 0: the error,
/// which stands first in all versions, says so.
ApiVersion answered_version(RequestHeader const& header, Slice const& frame) {
    if (header.api_key != ApiVersionsRequest::api.key) return header.api_version;
    Reader in{frame};
    in.integer<std::int32_t>();  // the correlation id
    auto const error = ErrorCode(in.integer<std::underlying_type_t<ErrorCode>>());
    return error == ErrorCode::unsupported_version ? ApiVersion{0} : header.api_version;
}

constexpr std::uint8_t no_tags = 0;

Frame with_length(Writer&& out) {
    auto frame = std::move(out).finish();
    auto const length = std::uint32_t(frame.size() - sizeof(std::int32_t));
    for (std::size_t i = 0; i < sizeof length; ++i)
        frame.bytes[i] = std::byte(length >> (24 - 8 * i) & 0xff);
    return frame;
}

std::string describe(std::string_view name, ApiVersion version) {
    return std::string{name} + " v" + std::to_string(version);
}

std::string unsupported(Entry const& api, ApiVersion version) {
    return describe(api.name, version) + " is not supported; versions " +
           std::to_string(api.api.first) + " to " + std::to_string(api.api.last) + " are";
}

}  // namespace

std::span<ApiRange const> described_apis() { return advertised; }

std::string_view api_name(std::int16_t key) {
    auto const* entry = find(key);
    return entry ? entry->name : std::string_view{};
}

std::expected<DecodedRequest, RequestError> decode_request(Slice const& frame) {
    using Kind = RequestError::Kind;
    Reader in{frame};
    DecodedRequest request;
    auto& header = request.header;
    auto const refuse = [&](Kind kind, std::string message) {
        return std::unexpected(RequestError{kind, std::move(header), std::move(message)});
    };

    header.api_key = in.integer<std::int16_t>();
    header.api_version = in.integer<std::int16_t>();
    header.correlation_id = in.integer<std::int32_t>();
    header.client_id = get_client_id(in);
    if (in.failed()) {
        in.failed_in("request_header");
        return refuse(Kind::malformed_header, to_string(in.error()));
    }
    auto const* entry = find(header.api_key);
    if (!entry)
        return refuse(Kind::unknown_api,
                      "API key " + std::to_string(header.api_key) + " is not supported");
    auto const version = header.api_version;
    if (!entry->api.supports(version))
        return refuse(Kind::unsupported_version, unsupported(*entry, version));

    if (entry->api.flexible(version)) skip_tags(in);
    if (in.failed()) {
        in.failed_in("request_header");
        return refuse(Kind::malformed_header,
                      describe(entry->name, version) + " request: " + to_string(in.error()));
    }
    // Bytes behind the last field are let pass, as Kafka does: librdkafka 2.0 ends some requests
    // (ListGroups 4, OffsetFetch 7) with an empty tag section too many.
    entry->decode_request(in, request.body, version);
    if (in.failed())
        return refuse(Kind::malformed_body,
                      describe(entry->name, version) + " request: " + to_string(in.error()));
    return request;
}

Frame encode_request(RequestHeader const& header, AnyRequest const& request) {
    Writer out;
    out.integer(std::int32_t(0));  // the length, when it is known
    out.integer(header.api_key);
    out.integer(header.api_version);
    out.integer(header.correlation_id);
    put_client_id(out, header.client_id);
    std::visit(
        [&]<class T>(T const& body) {
            ensure(T::api.key == header.api_key);
            if (T::api.flexible(header.api_version)) out.integer(no_tags);
            encode(out, body, header.api_version);
        },
        request);
    return with_length(std::move(out));
}

Frame encode_response(RequestHeader const& header, AnyResponse const& response) {
    Writer out;
    out.integer(std::int32_t(0));
    out.integer(header.correlation_id);
    std::visit(
        [&]<class T>(T const& body) {
            ensure(T::api.key == header.api_key);
            auto version = header.api_version;
            if (std::same_as<T, ApiVersionsResponse> && !T::api.supports(version)) version = 0;
            if (has_response_tags(T::api, version)) out.integer(no_tags);
            encode(out, body, version);
        },
        response);
    return with_length(std::move(out));
}

std::expected<AnyResponse, std::string> decode_response(RequestHeader const& header,
                                                        Slice const& frame) {
    auto const* entry = find(header.api_key);
    if (!entry)
        return std::unexpected("API key " + std::to_string(header.api_key) + " is not supported");
    auto const version = answered_version(header, frame);
    if (!entry->api.supports(version)) return std::unexpected(unsupported(*entry, version));

    Reader in{frame};
    AnyResponse response;
    auto const correlation_id = in.integer<std::int32_t>();
    if (!in.failed() && correlation_id != header.correlation_id)
        return std::unexpected(describe(entry->name, version) + " response: it has the number " +
                               std::to_string(correlation_id) + " where " +
                               std::to_string(header.correlation_id) + " was asked");
    if (has_response_tags(entry->api, version)) skip_tags(in);
    if (in.failed()) in.failed_in("response_header");
    if (!in.failed()) entry->decode_response(in, response, version);
    if (!in.failed() && in.bytes_left() > 0) in.fail(Refusal::trailing_bytes);
    if (in.failed())
        return std::unexpected(describe(entry->name, version) +
                               " response: " + to_string(in.error()));
    return response;
}

std::string to_text(AnyRequest const& request, ApiVersion version) {
    return std::visit([&](auto const& body) { return to_text(body, version); }, request);
}

std::string to_text(AnyResponse const& response, ApiVersion version) {
    return std::visit([&](auto const& body) { return to_text(body, version); }, response);
}

}  // namespace klamm::kafka
