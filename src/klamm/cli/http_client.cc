#include "klamm/cli/http_client.h"

#include <curl/curl.h>
#include <fmt/core.h>

#include <utility>

namespace klamm::cli {
namespace {

struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, FreeList>;

void append(Headers& headers, std::string const& line) {
    // On failure the old list stays ours.
    if (auto* const longer = curl_slist_append(headers.get(), line.c_str())) {
        static_cast<void>(headers.release());
        headers.reset(longer);
    }
}

/// curl's callback: fewer bytes than it was given end the transfer.
std::size_t take(char const* data, std::size_t, std::size_t size, void* to) {
    auto& body = *static_cast<std::string*>(to);
    if (body.size() + size > HttpClient::body_bytes_max) return 0;
    body.append(data, size);
    return size;
}

Failure no_answer(std::string const& server, CURLcode code, char const* detail, int timeout_s) {
    std::string why = *detail != '\0' ? detail : curl_easy_strerror(code);
    std::string hint;
    switch (code) {
        case CURLE_COULDNT_CONNECT:
        case CURLE_COULDNT_RESOLVE_HOST:
            hint =
                "is a registry running there? `klamm serve` has one on http://127.0.0.1:8081; "
                "--registry URL or KLAMM_REGISTRY names another";
            break;
        case CURLE_OPERATION_TIMEDOUT:
            why = fmt::format("no answer within {} s", timeout_s);
            hint = "--timeout S waits longer";
            break;
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
            hint = "--ca FILE names the certificates to trust";
            break;
        case CURLE_WRITE_ERROR:
            why = fmt::format("the answer is longer than {} MiB", HttpClient::body_bytes_max >> 20);
            break;
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_URL_MALFORMAT:
            return {fmt::format("--registry {}: not a URL", server),
                    "for instance --registry http://127.0.0.1:8081", 2, false};
        default:
            break;
    }
    return {fmt::format("{}: {}", server, why), hint, 1, false};
}

}  // namespace

struct HttpClient::Connection {
    Connection() : curl(curl_easy_init()) {}
    ~Connection() { curl_easy_cleanup(curl); }
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;

    CURL* curl;
};

HttpClient::HttpClient(HttpOptions options)
    : options_(std::move(options)),
      name_(without_password(options_.url)),
      connection_(std::make_unique<Connection>()) {
    while (options_.url.ends_with('/')) options_.url.pop_back();
}

HttpClient::~HttpClient() = default;

Outcome<HttpReply> HttpClient::send(Request const& request) {
    auto* const curl = connection_->curl;
    if (curl == nullptr) return failed("libcurl could not be started");
    curl_easy_reset(curl);  // keeps the connection
    HttpReply reply;
    char detail[CURL_ERROR_SIZE] = "";
    auto const url = options_.url + std::string(request.path);
    Headers headers;
    if (!request.accept.empty()) append(headers, fmt::format("Accept: {}", request.accept));
    if (!request.content_type.empty())
        append(headers, fmt::format("Content-Type: {}", request.content_type));
    append(headers, "Expect:");  // one round trip, also for large schemas
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, long(options_.timeout_s));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
    if (!request.body.empty()) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.size()));
    }
    if (!options_.user.empty()) curl_easy_setopt(curl, CURLOPT_USERPWD, options_.user.c_str());
    if (!options_.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options_.ca_file.c_str());
    if (auto const code = curl_easy_perform(curl); code != CURLE_OK)
        return std::unexpected(no_answer(name_, code, detail, options_.timeout_s));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
    char const* type = nullptr;
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    if (type != nullptr) reply.content_type = type;
    return reply;
}

std::string percent_encoded(std::string_view text) {
    std::string encoded;
    for (auto const letter : text) {
        auto const plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                           (letter >= '0' && letter <= '9') || letter == '-' || letter == '.' ||
                           letter == '_' || letter == '~';
        if (plain)
            encoded += letter;
        else
            encoded += fmt::format("%{:02X}", static_cast<unsigned char>(letter));
    }
    return encoded;
}

std::string without_password(std::string_view url) {
    auto const scheme = url.find("://");
    auto const begin = scheme == url.npos ? 0 : scheme + 3;
    auto const at = url.substr(begin, url.find('/', begin) - begin).rfind('@');
    if (at == url.npos) return std::string(url);
    return std::string(url.substr(0, begin)) + std::string(url.substr(begin + at + 1));
}

}  // namespace klamm::cli
