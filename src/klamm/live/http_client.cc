#include "klamm/live/http_client.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <fmt/core.h>

#include <utility>

namespace klamm::live {
namespace {

/// libcurl, loaded by the first that needs it, and kept: `klamm serve` does not, and linked
/// to the program, curl and the libraries that it brings would cost every broker 3 MiB of memory.
struct Curl {
    void* library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    decltype(&curl_easy_init) init = function<decltype(&curl_easy_init)>("curl_easy_init");
    decltype(&curl_easy_cleanup) cleanup =
        function<decltype(&curl_easy_cleanup)>("curl_easy_cleanup");
    decltype(&curl_easy_reset) reset = function<decltype(&curl_easy_reset)>("curl_easy_reset");
    decltype(&curl_easy_setopt) set = function<decltype(&curl_easy_setopt)>("curl_easy_setopt");
    decltype(&curl_easy_perform) perform =
        function<decltype(&curl_easy_perform)>("curl_easy_perform");
    decltype(&curl_easy_getinfo) get = function<decltype(&curl_easy_getinfo)>("curl_easy_getinfo");
    decltype(&curl_easy_strerror) text_of =
        function<decltype(&curl_easy_strerror)>("curl_easy_strerror");
    decltype(&curl_slist_append) append =
        function<decltype(&curl_slist_append)>("curl_slist_append");
    decltype(&curl_slist_free_all) free_all =
        function<decltype(&curl_slist_free_all)>("curl_slist_free_all");

    bool is_there() const {
        return init && cleanup && reset && set && perform && get && text_of && append && free_all;
    }

private:
    template <class F>
    F function(char const* name) const {
        return library == nullptr ? nullptr : reinterpret_cast<F>(dlsym(library, name));
    }
};

/// Lines of a request's header.
class Headers {
public:
    explicit Headers(Curl const& curl) : curl_(curl) {}
    ~Headers() { curl_.free_all(list_); }
    Headers(Headers const&) = delete;
    Headers& operator=(Headers const&) = delete;

    void add(std::string const& line) {
        if (auto* const longer = curl_.append(list_, line.c_str())) list_ = longer;
    }
    curl_slist* list() const { return list_; }

private:
    Curl const& curl_;
    curl_slist* list_ = nullptr;
};

/// curl's callback: fewer bytes than it was given end the transfer.
std::size_t take(char const* data, std::size_t, std::size_t size, void* to) {
    auto& body = *static_cast<std::string*>(to);
    if (body.size() + size > HttpClient::body_bytes_max) return 0;
    body.append(data, size);
    return size;
}

HttpFailure no_answer(std::string const& server, CURLcode code, std::string_view why,
                      int timeout_s) {
    using Kind = HttpFailure::Kind;
    auto const failure = [&](Kind kind, std::string_view text) {
        return HttpFailure{kind, fmt::format("{}: {}", server, text)};
    };
    switch (code) {
        case CURLE_COULDNT_CONNECT:
        case CURLE_COULDNT_RESOLVE_HOST:
            return failure(Kind::unreachable, why);
        case CURLE_OPERATION_TIMEDOUT:
            return failure(Kind::silent, fmt::format("no answer within {} s", timeout_s));
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
            return failure(Kind::untrusted, why);
        case CURLE_WRITE_ERROR:
            return failure(Kind::too_long, fmt::format("the answer is longer than {} MiB",
                                                       HttpClient::body_bytes_max >> 20));
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_URL_MALFORMAT:
            return failure(Kind::no_url, "not a URL");
        default:
            return failure(Kind::other, why);
    }
}

}  // namespace

struct HttpClient::Connection {
    Connection() : handle(curl.is_there() ? curl.init() : nullptr) {}
    ~Connection() {
        if (handle != nullptr) curl.cleanup(handle);
    }
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;

    Curl curl;
    CURL* handle;
};

HttpClient::HttpClient(HttpOptions options)
    : options_(std::move(options)),
      name_(without_password(options_.url)),
      connection_(std::make_unique<Connection>()) {
    while (options_.url.ends_with('/')) options_.url.pop_back();
}

HttpClient::~HttpClient() = default;

std::expected<HttpReply, HttpFailure> HttpClient::send(Request const& request) {
    auto const& curl = connection_->curl;
    auto* const handle = connection_->handle;
    if (handle == nullptr)
        return std::unexpected(
            HttpFailure{HttpFailure::Kind::no_library,
                        "libcurl.so.4 could not be loaded, which requests to a registry need"});
    curl.reset(handle);  // keeps the connection
    HttpReply reply;
    char detail[CURL_ERROR_SIZE] = "";
    auto const url = options_.url + std::string(request.path);
    Headers headers(curl);
    if (!request.accept.empty()) headers.add(fmt::format("Accept: {}", request.accept));
    if (!request.content_type.empty())
        headers.add(fmt::format("Content-Type: {}", request.content_type));
    headers.add("Expect:");  // one round trip, also for large schemas
    curl.set(handle, CURLOPT_URL, url.c_str());
    curl.set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl.set(handle, CURLOPT_PATH_AS_IS, 1L);
    curl.set(handle, CURLOPT_CUSTOMREQUEST, request.method);
    curl.set(handle, CURLOPT_HTTPHEADER, headers.list());
    curl.set(handle, CURLOPT_ERRORBUFFER, detail);
    curl.set(handle, CURLOPT_NOSIGNAL, 1L);
    curl.set(handle, CURLOPT_TIMEOUT, long(options_.timeout_s));
    curl.set(handle, CURLOPT_WRITEFUNCTION, &take);
    curl.set(handle, CURLOPT_WRITEDATA, &reply.body);
    if (!request.body.empty()) {
        curl.set(handle, CURLOPT_POSTFIELDS, request.body.data());
        curl.set(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.size()));
    }
    if (!options_.user.empty()) curl.set(handle, CURLOPT_USERPWD, options_.user.c_str());
    if (!options_.ca_file.empty()) curl.set(handle, CURLOPT_CAINFO, options_.ca_file.c_str());
    if (auto const code = curl.perform(handle); code != CURLE_OK)
        return std::unexpected(no_answer(name_, code, *detail != '\0' ? detail : curl.text_of(code),
                                         options_.timeout_s));
    curl.get(handle, CURLINFO_RESPONSE_CODE, &reply.status);
    char const* type = nullptr;
    curl.get(handle, CURLINFO_CONTENT_TYPE, &type);
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

}  // namespace klamm::live
