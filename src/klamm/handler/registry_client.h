// handler/registry_client.h - a schema registry that speaks Confluent's HTTP interface, whoever
// carries the requests.
//
//     RegistryClient ──▶ RegistryTransport
//                        over HTTP (live/), or to a registry in the same process
#pragma once

#include "klamm/handler/codecs.h"

#include <memory>
#include <string>
#include <utility>

namespace klamm::handler {

class RegistryTransport {
public:
    struct Request {
        std::string method;  ///< "GET", "POST"
        std::string path;    ///< with its query, percent-encoded
        std::string body;    ///< JSON; empty: none
    };
    struct Response {
        unsigned status = 0;
        std::string body;
    };

    virtual ~RegistryTransport() = default;
    /// Any answer is an answer, whatever its status. The error, `away`: none came. `done` comes on
    /// the loop, never inside this call.
    virtual void send(Request request, bus::Done<Response> done) = 0;
};

class RegistryClient final : public Registry {
public:
    explicit RegistryClient(std::unique_ptr<RegistryTransport> transport)
        : transport_(std::move(transport)) {}

    void register_schema(std::string const& subject, Schema schema,
                         bus::Done<Registered> done) override;
    void latest(std::string const& subject, bus::Done<std::optional<Registered>> done) override;
    void schema_by_id(std::int32_t id, bus::Done<std::optional<Schema>> done) override;

private:
    std::unique_ptr<RegistryTransport> transport_;
};

}  // namespace klamm::handler
