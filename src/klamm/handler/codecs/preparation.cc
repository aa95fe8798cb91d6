#include "klamm/handler/codecs/preparation.h"

#include "klamm/handler/codecs/schemas.h"
#include "klamm/schema/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace klamm::handler {
namespace {

using Kind = bus::Error::Kind;
using Registered = Registry::Registered;

constexpr std::string_view advice =
    "; doc/events.md, \"Evolution\", says what may change, and `klamm schema check` how to mend it";
/// Of imports of a Protobuf file, for each of them.
constexpr std::size_t differences_shown = 3;

/// A type of events in a topic.
struct Pair {
    std::string topic;
    EventType const* type;
    bool sent = false;
    std::string subject;
};

std::vector<Pair> pairs_of(App const& app) {
    std::vector<Pair> pairs;
    auto const add = [&](std::string const& topic, EventType const& type, bool sent) {
        for (auto& pair : pairs)
            if (pair.topic == topic && pair.type == &type) {
                pair.sent = pair.sent || sent;
                return;
            }
        pairs.push_back({topic, &type, sent, ""});
    };
    for (auto const& each : app.declarations()) add(each.topic, *each.type, false);
    for (auto const& each : app.sends()) add(each.topic, *each.type, true);
    for (auto& pair : pairs) {
        auto const types = std::ranges::count(pairs, pair.topic, &Pair::topic);
        pair.subject = pair.topic + (types == 1 ? std::string("-value") : "-" + pair.type->name);
    }
    return pairs;
}

bus::Error refused(std::string why) { return {Kind::refused, std::move(why)}; }

/// Why a type cannot be written in a format; empty: it can.
std::string problem_of(Format format, Registry const* registry, EventType const& type) {
    if (type.protobuf || format == Format::json) return {};
    if (format == Format::protobuf)
        return fmt::format(
            "format protobuf is for classes that protoc generated, and {} is a described struct: "
            "use format json or avro",
            type.name);
    if (registry == nullptr)
        return "format avro needs a schema registry, and there is none: give its URL, or use "
               "format json";
    return {};
}

schema::Type language_of(Format format, EventType const& type) {
    if (type.protobuf) return schema::Type::protobuf;
    return format == Format::avro ? schema::Type::avro : schema::Type::json;
}

/// What keeps events written with `latest` from being read as `type`; empty: nothing.
std::string unreadable(EventType const& type, Registry::Schema const& latest) {
    auto const language = schema::type_named(latest.type);
    bool const is_protobuf = language == schema::Type::protobuf;
    if (!language || is_protobuf != (type.protobuf != nullptr))
        return fmt::format("its schemas are of type {}, which {} cannot be read from", latest.type,
                           type.name);
    // Protobuf reads by numbers, whatever the schema; what refers to others is left to reading.
    if (is_protobuf || !latest.references.empty()) return {};
    auto const writer = schema::parse(*language, latest.text, {}, {.strict = false});
    if (!writer) return {};
    auto const text = *language == schema::Type::avro ? avro_schema(type) : open_json_schema(type);
    auto const reader = schema::parse(*language, text, {});
    if (!reader) return reader.error().why;
    auto const found = (*reader)->differences(**writer, schema::Policy::lenient);
    if (!found) return found.error().why;
    std::string why;
    for (std::size_t i = 0; i < std::min(found->size(), differences_shown); ++i) {
        auto const& each = (*found)[i];
        why += fmt::format("{}{} at {}: {}", i == 0 ? "" : "; ", each.rule, each.path,
                           schema::worded(each.description, "this App's", "the latest"));
        if (!each.additional_info.empty()) why += fmt::format(" ({})", each.additional_info);
    }
    return why;
}

bool is_same(std::string const& text, Registry::Schema const& latest, schema::Type language) {
    if (latest.type != schema::name_of(language)) return false;
    auto const ours = schema::parse(language, text, {});
    auto const theirs = schema::parse(language, latest.text, {}, {.strict = false});
    return ours && theirs && (*ours)->canonical() == (*theirs)->canonical();
}

class InOrder final : public Preparation {
public:
    InOrder(Format format, Registry* registry, App const& app)
        : format_(format), registry_(registry), pairs_(pairs_of(app)) {}

    void start(bus::Done<SchemaIds> done) override {
        done_ = std::move(done);
        for (auto const& pair : pairs_)
            if (auto why = problem_of(format_, registry_, *pair.type); !why.empty())
                return done_(std::unexpected(refused(std::move(why))));
        if (registry_ == nullptr) return done_(SchemaIds{});
        next();
    }

private:
    /// Calls back as long as this lives.
    template <class F>
    auto here(F function) {
        return [alive = std::weak_ptr(alive_), function](auto result) {
            if (alive.lock()) function(std::move(result));
        };
    }
    void fail(bus::Error error) { done_(std::unexpected(std::move(error))); }

    void next() {
        if (at_ == pairs_.size()) return done_(std::move(ids_));
        auto const& pair = pairs_[at_];
        auto const language = language_of(format_, *pair.type);
        schema_ = {std::string(schema::name_of(language)), "", {}};
        if (language == schema::Type::protobuf) {
            schema_.text = pair.type->protobuf->schema;
        } else {
            schema_.text =
                language == schema::Type::avro ? avro_schema(*pair.type) : json_schema(*pair.type);
            if (auto const parsed = schema::parse(language, schema_.text, {}); !parsed)
                return fail(refused(fmt::format("{} has no {} schema: {}", pair.type->name,
                                                schema_.type, parsed.error().why)));
        }
        if (pair.sent) return import(0);
        registry_->latest(pair.subject, here([this](bus::Result<std::optional<Registered>> latest) {
                              compare(std::move(latest));
                          }));
    }

    /// Of what is only handled.
    void compare(bus::Result<std::optional<Registered>> latest) {
        if (!latest) return fail(latest.error());
        if (!*latest) return import(0);
        auto const& pair = pairs_[at_];
        if (auto const why = unreadable(*pair.type, (*latest)->schema); !why.empty())
            return fail(refused(fmt::format(
                "subject {}: {} cannot be read from what is written with version {}: {}{}",
                pair.subject, pair.type->name, (*latest)->version, why, advice)));
        auto const language = language_of(format_, *pair.type);
        if (is_same(schema_.text, (*latest)->schema, language))
            ids_.add(pair.topic, *pair.type, (*latest)->id);
        ++at_;
        next();
    }

    /// Files that a Protobuf file imports are subjects of their own, called by their paths.
    void import(std::size_t index) {
        auto const& pair = pairs_[at_];
        auto const* const protobuf = pair.type->protobuf.get();
        if (protobuf == nullptr || index == protobuf->imports.size()) return finish();
        auto const& file = protobuf->imports[index];
        Registry::Schema schema{"PROTOBUF", file.text, {}};
        for (auto const& path : file.imports)
            if (auto const known = imported_.find(path); known != imported_.end())
                schema.references.push_back({path, path, known->second});
        registry_->register_schema(
            file.path, std::move(schema),
            here([this, index, path = file.path](bus::Result<Registered> registered) {
                if (!registered) return fail(registered.error());
                imported_[path] = registered->version;
                import(index + 1);
            }));
    }

    void finish() {
        auto const& pair = pairs_[at_];
        if (pair.type->protobuf)
            for (auto const& path : pair.type->protobuf->direct_imports)
                if (auto const known = imported_.find(path); known != imported_.end())
                    schema_.references.push_back({path, path, known->second});
        registry_->register_schema(
            pair.subject, schema_, here([this](bus::Result<Registered> registered) {
                auto const& now = pairs_[at_];
                if (!registered) {
                    auto error = registered.error();
                    if (error.kind == Kind::refused)
                        error.why = fmt::format("the schema of {} was refused: {}{}",
                                                now.type->name, error.why, advice);
                    return fail(std::move(error));
                }
                ids_.add(now.topic, *now.type, registered->id);
                ++at_;
                next();
            }));
    }

    Format const format_;
    Registry* const registry_;
    std::vector<Pair> const pairs_;
    std::size_t at_ = 0;
    Registry::Schema schema_;  ///< of the pair that is looked at
    std::map<std::string, std::int32_t> imported_;
    SchemaIds ids_;
    bus::Done<SchemaIds> done_;
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace

std::unique_ptr<Preparation> make_preparation(Format format, Registry* registry, App const& app) {
    return std::make_unique<InOrder>(format, registry, app);
}

}  // namespace klamm::handler
