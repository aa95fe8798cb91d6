#include "klamm/handler/registry_client.h"

#include "klamm/json/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace klamm::handler {
namespace {

using json::Value;
using Response = RegistryTransport::Response;
using Kind = bus::Error::Kind;

// Confluent's codes for what is not there.
constexpr std::int64_t no_subject = 40401;
constexpr std::int64_t no_version = 40402;
constexpr std::int64_t no_schema = 40403;

std::string encoded(std::string_view text) {
    std::string out;
    for (auto const c : text) {
        bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain)
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

/// The body of a good answer; null: what was asked for is not there.
bus::Result<Value> body_of(bus::Result<Response> const& answer, std::string const& what) {
    if (!answer) return std::unexpected(answer.error());
    auto body = json::parse(answer->body);
    if (answer->status / 100 == 2) {
        if (body && body->is_object()) return *std::move(body);
        return std::unexpected(bus::Error{
            Kind::refused, fmt::format("{}: the answer is no JSON object: is this a schema "
                                       "registry?",
                                       what)});
    }
    auto const* const code = body ? body->find("error_code") : nullptr;
    auto const number = code ? code->as_int64().value_or(0) : 0;
    if (number == no_subject || number == no_version || number == no_schema) return Value();
    auto const* const message = body ? body->find_string("message") : nullptr;
    auto why = fmt::format("{}: {} (status {})", what,
                           message ? *message : std::string("the registry does not say why"),
                           answer->status);
    if (answer->status == 401 || answer->status == 403)
        why += "; the registry's URL may hold NAME:PASSWORD@ before its host";
    bool const later = answer->status >= 500 || answer->status == 429 || answer->status == 408;
    return std::unexpected(bus::Error{later ? Kind::away : Kind::refused, std::move(why)});
}

std::int32_t number_in(Value const& body, std::string_view key) {
    auto const* const found = body.find(key);
    auto const number = found ? found->as_int64().value_or(0) : 0;
    return std::in_range<std::int32_t>(number) ? static_cast<std::int32_t>(number) : 0;
}

Registry::Schema schema_in(Value const& body) {
    auto const* const type = body.find_string("schemaType");
    auto const* const text = body.find_string("schema");
    Registry::Schema schema{type ? *type : "AVRO", text ? *text : "", {}};
    if (auto const* const references = body.find_array("references"))
        for (auto const& each : *references) {
            auto const* const name = each.find_string("name");
            auto const* const subject = each.find_string("subject");
            if (name && subject)
                schema.references.push_back({*name, *subject, number_in(each, "version")});
        }
    return schema;
}

std::string body_with(Registry::Schema const& schema) {
    Value body = json::Object{{"schemaType", schema.type}, {"schema", schema.text}};
    for (auto const& each : schema.references) {
        Value reference =
            json::Object{{"name", each.name}, {"subject", each.subject}, {"version", each.version}};
        if (body.find("references") == nullptr) body.set("references", json::Array{});
        body.find("references")->push(std::move(reference));
    }
    return json::print(body);
}

}  // namespace

void RegistryClient::register_schema(std::string const& subject, Schema schema,
                                     bus::Done<Registered> done) {
    auto body = body_with(schema);
    auto path = "/subjects/" + encoded(subject);
    auto finish = [this, subject, path, body, schema = std::move(schema),
                   done = std::move(done)](bus::Result<Response> answer) mutable {
        auto const found = body_of(answer, "subject " + subject);
        if (!found) return done(std::unexpected(found.error()));
        Registered registered{number_in(*found, "id"), number_in(*found, "version"),
                              std::move(schema)};
        if (registered.id == 0)
            return done(std::unexpected(bus::Error{
                Kind::refused, fmt::format("subject {}: the registry gave no id", subject)}));
        if (registered.version != 0) return done(std::move(registered));
        // Older registries tell the version only to who looks it up.
        transport_->send({"POST", path, std::move(body)},
                         [subject, registered = std::move(registered),
                          done = std::move(done)](bus::Result<Response> looked_up) mutable {
                             auto const entry = body_of(looked_up, "subject " + subject);
                             if (!entry) return done(std::unexpected(entry.error()));
                             registered.version = number_in(*entry, "version");
                             done(std::move(registered));
                         });
    };
    transport_->send({"POST", path + "/versions", std::move(body)}, std::move(finish));
}

void RegistryClient::latest(std::string const& subject, bus::Done<std::optional<Registered>> done) {
    transport_->send(
        {"GET", fmt::format("/subjects/{}/versions/latest", encoded(subject)), ""},
        [subject, done = std::move(done)](bus::Result<Response> answer) mutable {
            auto const body = body_of(answer, "subject " + subject);
            if (!body) return done(std::unexpected(body.error()));
            if (body->is_null()) return done(std::nullopt);
            done(Registered{number_in(*body, "id"), number_in(*body, "version"), schema_in(*body)});
        });
}

void RegistryClient::schema_by_id(std::int32_t id, bus::Done<std::optional<Schema>> done) {
    transport_->send({"GET", fmt::format("/schemas/ids/{}?format=resolved", id), ""},
                     [id, done = std::move(done)](bus::Result<Response> answer) mutable {
                         auto const body = body_of(answer, fmt::format("schema {}", id));
                         if (!body) return done(std::unexpected(body.error()));
                         if (body->is_null()) return done(std::nullopt);
                         done(schema_in(*body));
                     });
}

}  // namespace klamm::handler
