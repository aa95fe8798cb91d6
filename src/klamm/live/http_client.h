// live/http_client.h - requests to one HTTP server, one after the other, over a connection that is
// kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace klamm::live {

struct HttpOptions {
    std::string url;      ///< "https://name:password@host:port/path": in front of every path
    std::string user;     ///< NAME:PASSWORD; empty: as the URL says
    std::string ca_file;  ///< PEM: whom to trust instead of those whom the system trusts
    int timeout_s = 10;   ///< for one answer
};

struct HttpReply {
    long status = 0;
    std::string content_type;
    std::string body;
};

/// Why no answer came.
struct HttpFailure {
    enum class Kind : std::uint8_t {
        no_library,  ///< libcurl could not be loaded
        unreachable,
        silent,  ///< not within the time-out
        untrusted,
        too_long,
        no_url,
        other,
    };
    Kind kind{};
    std::string why;  ///< with the server's name
};

/// One thread at a time.
class HttpClient {
public:
    static constexpr std::size_t body_bytes_max = 256 << 20;

    explicit HttpClient(HttpOptions options);
    ~HttpClient();
    HttpClient(HttpClient const&) = delete;
    HttpClient& operator=(HttpClient const&) = delete;

    struct Request {
        char const* method = "GET";
        std::string_view path;  ///< with its query, percent-encoded
        std::string_view body;
        std::string_view content_type;
        std::string_view accept;
    };
    /// Any answer is an answer, whatever its status. Blocks.
    [[nodiscard]] std::expected<HttpReply, HttpFailure> send(Request const& request);

    /// The server as people may see it: without a password.
    std::string const& name() const { return name_; }

private:
    struct Connection;
    HttpOptions options_;
    std::string name_;
    std::unique_ptr<Connection> connection_;
};

/// For one segment of a path, or a value in a query: all but letters, digits and "-._~" as %XX.
std::string percent_encoded(std::string_view text);
/// A URL without what stands before its '@'.
std::string without_password(std::string_view url);

}  // namespace klamm::live
