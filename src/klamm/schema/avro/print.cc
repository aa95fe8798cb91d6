#include "klamm/schema/avro/print.h"

#include "klamm/schema/avro/numbers.h"

#include <array>
#include <unordered_set>

namespace klamm::schema::avro {
namespace {

std::string_view name_of(Order order) {
    constexpr std::array<std::string_view, 3> names{"ascending", "descending", "ignore"};
    return names[std::to_underlying(order)];
}

/// A type of this name must be written with its namespace, or it would be taken for the kind.
bool is_keyword(std::string_view name) {
    for (auto kind = Kind::null;; kind = static_cast<Kind>(std::to_underlying(kind) + 1)) {
        if (avro::name_of(kind) == name) return true;
        if (kind == Kind::union_of) return false;
    }
}

std::string qualified(Name const& name, std::string const& space) {
    return !name.space.empty() && name.space == space && !is_keyword(name.simple) ? name.simple
                                                                                  : name.full();
}

class Printer {
public:
    Printer(Model const& model, bool by_name) : model_(model), by_name_(by_name) {}

    void know(std::string const& full_name) { known_.insert(full_name); }

    void type(TypeId id, std::string const& space) {
        auto const& type = model_[id];
        if (by_name_ && out_.size() > limits::summary_bytes) {
            out_ += "…";
            return;
        }
        switch (type.kind) {
            case Kind::record:
            case Kind::enumeration:
            case Kind::fixed:
                return named(type, space);
            case Kind::array:
            case Kind::map: {
                bool const array = type.kind == Kind::array;
                out_ += array ? R"({"type":"array","items":)" : R"({"type":"map","values":)";
                this->type(type.element, space);
                props(type.props);
                out_ += '}';
                return;
            }
            case Kind::union_of:
                out_ += '[';
                for (std::size_t i = 0; i < type.branches.size(); ++i) {
                    if (i > 0) out_ += ',';
                    this->type(type.branches[i], space);
                    if (by_name_ && out_.ends_with("…")) break;
                }
                out_ += ']';
                return;
            default:
                primitive(type);
        }
    }

    void field(Field const& field, std::string const& space) {
        out_ += R"({"name":)" + json::quote(field.name) + R"(,"type":)";
        type(field.type, space);
        if (field.doc) text("doc", *field.doc);
        if (field.default_value) out_ += R"(,"default":)" + json::print(*field.default_value);
        if (field.order != Order::ascending) text("order", name_of(field.order));
        if (!field.aliases.empty()) list("aliases", field.aliases);
        props(field.props);
        out_ += '}';
    }

    std::string take() { return std::move(out_); }

private:
    void text(std::string_view key, std::string_view value) {
        out_ += ',' + json::quote(key) + ':' + json::quote(value);
    }
    void list(std::string_view key, std::vector<std::string> const& values) {
        out_ += ',' + json::quote(key) + ":[";
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (i > 0) out_ += ',';
            out_ += json::quote(values[i]);
        }
        out_ += ']';
    }
    void props(json::Object const& props) {
        for (auto const& prop : props)
            out_ += ',' + json::quote(prop.key) + ':' + json::print(prop.value);
    }

    void primitive(Type const& type) {
        auto const name = json::quote(avro::name_of(type.kind));
        if (type.props.empty()) {
            out_ += name;
            return;
        }
        out_ += R"({"type":)" + name;
        props(type.props);
        out_ += '}';
    }

    void named(Type const& type, std::string const& space) {
        if (by_name_ || !known_.insert(type.name.full()).second) {
            out_ += json::quote(qualified(type.name, space));
            return;
        }
        out_ += R"({"type":)" + json::quote(type.error ? "error" : avro::name_of(type.kind));
        text("name", type.name.simple);
        if (type.name.space != space) text("namespace", type.name.space);
        if (type.doc) text("doc", *type.doc);
        if (type.kind == Kind::record) {
            out_ += R"(,"fields":[)";
            for (std::size_t i = 0; i < type.fields.size(); ++i) {
                if (i > 0) out_ += ',';
                field(type.fields[i], type.name.space);
            }
            out_ += ']';
        } else if (type.kind == Kind::enumeration) {
            list("symbols", type.symbols);
            if (type.symbol) text("default", *type.symbol);
        } else {
            out_ += R"(,"size":)" + std::to_string(type.size);
        }
        props(type.props);
        if (!type.aliases.empty()) {
            std::vector<std::string> names;
            for (auto const& alias : type.aliases)
                names.push_back(qualified(alias, type.name.space));
            list("aliases", names);
        }
        out_ += '}';
    }

    Model const& model_;
    bool by_name_;  ///< never written out, not even the first time
    std::unordered_set<std::string> known_;
    std::string out_;
};

void append_form(Model const& model, TypeId id, std::unordered_set<TypeId>& known,
                 std::string& out) {
    auto const& type = model[id];
    if (is_primitive(type.kind)) {
        out += json::quote(name_of(type.kind));
        return;
    }
    if (type.kind == Kind::array || type.kind == Kind::map) {
        out +=
            type.kind == Kind::array ? R"({"type":"array","items":)" : R"({"type":"map","values":)";
        append_form(model, type.element, known, out);
        out += '}';
        return;
    }
    auto const append_list = [&](auto const& elements, auto const& append) {
        out += '[';
        for (std::size_t i = 0; i < elements.size(); ++i) {
            if (i > 0) out += ',';
            append(elements[i]);
        }
        out += ']';
    };
    if (type.kind == Kind::union_of)
        return append_list(type.branches,
                           [&](TypeId branch) { append_form(model, branch, known, out); });
    if (!known.insert(id).second) {
        out += json::quote(type.name.full());
        return;
    }
    out += R"({"name":)" + json::quote(type.name.full()) + R"(,"type":)" +
           json::quote(type.error ? "error" : name_of(type.kind));
    if (type.kind == Kind::fixed) {
        out += R"(,"size":)" + std::to_string(type.size);
    } else if (type.kind == Kind::enumeration) {
        out += R"(,"symbols":)";
        append_list(type.symbols, [&](std::string const& symbol) { out += json::quote(symbol); });
    } else {
        out += R"(,"fields":)";
        append_list(type.fields, [&](Field const& field) {
            out += R"({"name":)" + json::quote(field.name) + R"(,"type":)";
            append_form(model, field.type, known, out);
            out += '}';
        });
    }
    out += '}';
}

}  // namespace

std::string canonical_text(Model const& model) {
    Printer printer(model, false);
    for (auto const& name : model.referenced) printer.know(name);
    printer.type(model.root, "");
    return printer.take();
}

std::string resolved_text(Model const& model) {
    Printer printer(model, false);
    printer.type(model.root, "");
    return printer.take();
}

std::string summary(Model const& model, TypeId type) {
    Printer printer(model, true);
    printer.type(type, "");
    auto text = printer.take();
    bool const bare = text.size() > 2 && text.front() == '"';
    return bare ? text.substr(1, text.size() - 2) : text;
}

std::string summary(Model const& model, Field const& field) {
    Printer printer(model, true);
    printer.field(field, "");
    return printer.take();
}

std::string parsing_form(Model const& model) {
    std::string out;
    std::unordered_set<TypeId> known;
    append_form(model, model.root, known, out);
    return out;
}

std::uint64_t rabin(std::string_view text) {
    constexpr std::uint64_t empty = 0xc15d213aa4d7a795;
    static constexpr auto table = [] {
        std::array<std::uint64_t, 256> steps{};
        for (std::uint64_t i = 0; i < steps.size(); ++i) {
            auto step = i;
            for (int bit = 0; bit < 8; ++bit) step = (step >> 1) ^ (empty & (0 - (step & 1)));
            steps[i] = step;
        }
        return steps;
    }();
    auto fingerprint = empty;
    for (char const c : text)
        fingerprint =
            (fingerprint >> 8) ^ table[(fingerprint ^ static_cast<unsigned char>(c)) & 0xff];
    return fingerprint;
}

}  // namespace klamm::schema::avro
