// The form of an AsyncAPI document: a walk along the tables of asyncapi_form.h.
#include "klamm/cli/contract/asyncapi.h"
#include "klamm/cli/contract/asyncapi_form.h"
#include "klamm/cli/contract/references.h"
#include "klamm/cli/contract/yaml.h"
#include "klamm/json/pointer.h"

#include <fmt/format.h>

#include <algorithm>

namespace klamm::cli {
namespace {

constexpr std::size_t problems_max = 100;

class Walk {
public:
    explicit Walk(json::Value const& document) : document_(document) {}

    void document() {
        auto const* version = document_.find_string("asyncapi");
        if (version == nullptr)
            return add("", "this is no AsyncAPI document: it has no field 'asyncapi'");
        if (!version->starts_with("3."))
            return add("/asyncapi",
                       fmt::format("version {} is not understood; 3.0.0 is", *version));
        object(document_, Form::document, "");
    }
    std::vector<Problem> take() { return std::move(problems_); }

private:
    void add(std::string pointer, std::string why) {
        if (problems_.size() < problems_max)
            problems_.push_back({std::move(pointer), std::move(why)});
    }

    void field(json::Value const& value, Field const& field, std::string const& pointer) {
        if (field.times == Times::once) return one(value, field.form, pointer);
        if (field.times == Times::list) {
            if (!value.is_array()) return add(pointer, "must be a list");
            for (std::size_t i = 0; i < value.array().size(); ++i)
                one(value.array()[i], field.form, json::pointer_to(pointer, std::to_string(i)));
            return;
        }
        if (!value.is_object()) return add(pointer, "must be a map of names");
        for (auto const& [name, element] : value.object())
            one(element, field.form, json::pointer_to(pointer, name));
    }

    void one(json::Value const& value, Form form, std::string const& pointer) {
        switch (form) {
            case Form::anything:
                return;
            case Form::text:
                if (!value.is_string()) add(pointer, "must be text; perhaps it lacks quotes");
                return;
            case Form::text_or_null:
                if (!value.is_string() && !value.is_null()) add(pointer, "must be text or null");
                return;
            case Form::texts:
                return texts(value, pointer);
            case Form::action:
                if (value != json::Value("send") && value != json::Value("receive"))
                    add(pointer, "must be send or receive");
                return;
            case Form::in_this_document:
                if (reference_in(value) == nullptr)
                    return add(pointer, "must be a reference: {$ref: '#/…'}");
                return reference(value, form, pointer);
            case Form::schema:
                return schema(value, pointer);
            default:
                return object(value, form, pointer);
        }
    }

    void texts(json::Value const& value, std::string const& pointer) {
        bool const right =
            value.is_array() && std::ranges::all_of(value.array(), &json::Value::is_string);
        if (!right) add(pointer, "must be a list of texts");
    }

    void reference(json::Value const& value, Form form, std::string const& pointer) {
        auto const& to = *reference_in(value);
        if (form == Form::schema && !to.starts_with('#')) return;  // in a file of its own
        if (auto const target = follow(document_, value, pointer); !target)
            add(pointer, "$ref: " + target.error());
    }

    void schema(json::Value const& value, std::string const& pointer) {
        if (reference_in(value) != nullptr) return reference(value, Form::schema, pointer);
        if (value.is_bool()) return;
        if (!value.is_object()) return add(pointer, "a schema must be an object, true or false");
        auto const* format = value.find("schemaFormat");
        if (format == nullptr) return;
        if (!format->is_string()) add(json::pointer_to(pointer, "schemaFormat"), "must be text");
        if (value.find("schema") == nullptr)
            add(pointer, "has a schemaFormat, so it must have a field 'schema'");
    }

    void object(json::Value const& value, Form form, std::string const& pointer) {
        if (!value.is_object())
            return add(pointer, fmt::format("{} must be an object", name_of(form)));
        if (may_be_reference(form) && reference_in(value) != nullptr)
            return reference(value, form, pointer);
        auto const fields = fields_of(form);
        if (fields.empty()) return;
        for (auto const& known : fields)
            if (known.required && value.find(known.name) == nullptr)
                add(pointer, fmt::format("{} must have a field '{}'", name_of(form), known.name));
        for (auto const& [name, member] : value.object()) {
            if (name.starts_with("x-")) continue;
            auto const known = std::ranges::find(fields, name, &Field::name);
            if (known == fields.end())
                add(json::pointer_to(pointer, name),
                    fmt::format("{} has no field '{}'; own ones begin with x-", name_of(form),
                                name));
            else
                field(member, *known, json::pointer_to(pointer, name));
        }
    }

    json::Value const& document_;
    std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> problems_of(json::Value const& document) {
    Walk walk(document);
    walk.document();
    return walk.take();
}

}  // namespace klamm::cli
