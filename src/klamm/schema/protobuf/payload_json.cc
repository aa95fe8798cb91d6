#include "klamm/base/base64.h"
#include "klamm/base/utf8.h"
#include "klamm/json/value.h"
#include "klamm/schema/protobuf/messages.h"

#include <fmt/format.h>
#include <google/protobuf/stubs/strutil.h>
#include <google/protobuf/util/json_util.h>

#include <chrono>
#include <cmath>

namespace klamm::schema::protobuf {
namespace {

using Cpp = pb::FieldDescriptor::CppType;
using WellKnown = pb::Descriptor::WellKnownType;

/// Strings of proto2 may hold any bytes; JSON may not.
std::string quoted(std::string_view text) {
    if (is_utf8(text)) return json::quote(text);
    std::string valid;
    while (!text.empty()) {
        auto const size = utf8_bytes(text);
        valid += size == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, size);
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return json::quote(valid);
}

std::string number(double value, std::string text) {
    if (std::isnan(value)) return "\"NaN\"";
    if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return text;
}

/// ".5" with as many threes of digits as the nanoseconds need.
std::string fraction(std::int32_t nanos) {
    if (nanos == 0) return {};
    auto text = fmt::format(".{:09}", nanos);
    while (text.ends_with("000")) text.resize(text.size() - 3);
    return text;
}

class Writer {
public:
    explicit Writer(Definitions const& definitions) : definitions_(definitions) {}

    void message(pb::Message const& message);
    std::string take() { return std::move(out_); }

private:
    void members(pb::Message const& message, bool& first);
    void field(pb::Message const& message, pb::FieldDescriptor const* field);
    void map(pb::Message const& message, pb::FieldDescriptor const* field);
    void value(pb::Message const& message, pb::FieldDescriptor const* field, int i);
    std::string key(pb::Message const& entry);
    bool well_known(pb::Message const& message);
    bool timestamp(pb::Message const& message);
    bool duration(pb::Message const& message);
    bool field_mask(pb::Message const& message);
    bool any(pb::Message const& message);
    void dynamic_value(pb::Message const& message);
    bool is_well_known(pb::Message const& message) const {
        // A schema may have messages of these names itself; then they are like all others.
        return message.GetDescriptor()->file()->pool() != &definitions_.pool() &&
               message.GetDescriptor()->well_known_type() != WellKnown::WELLKNOWNTYPE_UNSPECIFIED;
    }

    Definitions const& definitions_;
    std::string out_;
    int depth_ = 0;
};

std::pair<std::int64_t, std::int32_t> seconds_and_nanos(pb::Message const& message) {
    auto const* type = message.GetDescriptor();
    return {message.GetReflection()->GetInt64(message, type->FindFieldByNumber(1)),
            message.GetReflection()->GetInt32(message, type->FindFieldByNumber(2))};
}

bool Writer::timestamp(pb::Message const& message) {
    auto const [seconds, nanos] = seconds_and_nanos(message);
    if (seconds < -62'135'596'800 || seconds > 253'402'300'799 || nanos < 0 || nanos > 999'999'999)
        return false;
    auto const time = std::chrono::sys_seconds(std::chrono::seconds(seconds));
    auto const day = std::chrono::floor<std::chrono::days>(time);
    std::chrono::year_month_day const date(day);
    std::chrono::hh_mm_ss const clock(time - day);
    out_ += fmt::format("\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z\"", int(date.year()),
                        unsigned(date.month()), unsigned(date.day()), clock.hours().count(),
                        clock.minutes().count(), clock.seconds().count(), fraction(nanos));
    return true;
}

bool Writer::duration(pb::Message const& message) {
    auto const [seconds, nanos] = seconds_and_nanos(message);
    constexpr std::int64_t seconds_max = 315'576'000'000;
    if (seconds < -seconds_max || seconds > seconds_max || nanos < -999'999'999 ||
        nanos > 999'999'999 || (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0))
        return false;
    bool const negative = seconds < 0 || nanos < 0;
    out_ += fmt::format("\"{}{}{}s\"", negative ? "-" : "", std::abs(seconds),
                        fraction(std::abs(nanos)));
    return true;
}

/// "a.bC": only where every path comes back as it was.
bool Writer::field_mask(pb::Message const& message) {
    auto const* paths = message.GetDescriptor()->FindFieldByNumber(1);
    std::string joined;
    for (int i = 0; i < message.GetReflection()->FieldSize(message, paths); ++i) {
        if (i > 0) joined += ',';
        bool upper = false;
        for (char const c : message.GetReflection()->GetRepeatedString(message, paths, i)) {
            bool const lower = c >= 'a' && c <= 'z';
            if (upper && !lower) return false;
            if (c == '_') {
                upper = true;
            } else if (lower || c == '.' || (c >= '0' && c <= '9')) {
                joined += upper ? static_cast<char>(c - 'a' + 'A') : c;
                upper = false;
            } else {
                return false;
            }
        }
        if (upper) return false;
    }
    out_ += quoted(joined);
    return true;
}

bool Writer::any(pb::Message const& message) {
    auto const* type = message.GetDescriptor();
    auto const url = message.GetReflection()->GetString(message, type->FindFieldByNumber(1));
    auto const bytes = message.GetReflection()->GetString(message, type->FindFieldByNumber(2));
    auto const name = url.substr(url.rfind('/') + 1);
    auto const* inner = definitions_.pool().FindMessageTypeByName(name);
    std::unique_ptr<pb::Message> parsed;
    if (inner != nullptr && depth_ < payload_nesting_max) {
        parsed.reset(definitions_.factory().GetPrototype(inner)->New());
        if (!parsed->ParsePartialFromString(bytes)) parsed.reset();
    }
    out_ += "{\"@type\":" + quoted(url);
    bool first = false;
    if (parsed == nullptr) {
        if (!bytes.empty()) out_ += ",\"value\":" + json::quote(base64_encoded(bytes));
    } else if (is_well_known(*parsed)) {
        out_ += ",\"value\":";
        this->message(*parsed);
    } else {
        members(*parsed, first);
    }
    out_ += '}';
    return true;
}

void Writer::dynamic_value(pb::Message const& message) {
    std::vector<pb::FieldDescriptor const*> set;
    message.GetReflection()->ListFields(message, &set);
    if (set.empty() || set.front()->number() == 1)
        out_ += "null";
    else
        value(message, set.front(), -1);
}

bool Writer::well_known(pb::Message const& message) {
    if (!is_well_known(message)) return false;
    auto const* type = message.GetDescriptor();
    switch (type->well_known_type()) {
        case WellKnown::WELLKNOWNTYPE_TIMESTAMP:
            return timestamp(message);
        case WellKnown::WELLKNOWNTYPE_DURATION:
            return duration(message);
        case WellKnown::WELLKNOWNTYPE_FIELDMASK:
            return field_mask(message);
        case WellKnown::WELLKNOWNTYPE_ANY:
            return any(message);
        case WellKnown::WELLKNOWNTYPE_VALUE:
            dynamic_value(message);
            return true;
        case WellKnown::WELLKNOWNTYPE_STRUCT:
            map(message, type->FindFieldByNumber(1));
            return true;
        case WellKnown::WELLKNOWNTYPE_LISTVALUE:
            field(message, type->FindFieldByNumber(1));
            return true;
        default:  // a wrapper is as its one value
            value(message, type->FindFieldByNumber(1), -1);
            return true;
    }
}

void Writer::message(pb::Message const& message) {
    ++depth_;
    if (!well_known(message)) {
        out_ += '{';
        bool first = true;
        members(message, first);
        out_ += '}';
    }
    --depth_;
}

/// Fields that are set, and those of which nobody can tell whether they were.
void Writer::members(pb::Message const& message, bool& first) {
    auto const& reflection = *message.GetReflection();
    std::vector<pb::FieldDescriptor const*> fields;
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
        auto const* each = message.GetDescriptor()->field(i);
        if (each->is_repeated() || !each->has_presence() || reflection.HasField(message, each))
            fields.push_back(each);
    }
    std::vector<pb::FieldDescriptor const*> set;
    reflection.ListFields(message, &set);
    for (auto const* each : set)
        if (each->is_extension()) fields.push_back(each);
    for (auto const* each : fields) {
        if (!first) out_ += ',';
        first = false;
        out_ += each->is_extension() ? json::quote("[" + each->full_name() + "]")
                                     : json::quote(each->json_name());
        out_ += ':';
        field(message, each);
    }
}

void Writer::field(pb::Message const& message, pb::FieldDescriptor const* field) {
    if (field->is_map()) {
        map(message, field);
        return;
    }
    if (!field->is_repeated()) {
        value(message, field, -1);
        return;
    }
    out_ += '[';
    for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
        if (i > 0) out_ += ',';
        value(message, field, i);
    }
    out_ += ']';
}

std::string Writer::key(pb::Message const& entry) {
    auto const* key = entry.GetDescriptor()->FindFieldByNumber(1);
    if (key->cpp_type() == Cpp::CPPTYPE_STRING)
        return quoted(entry.GetReflection()->GetString(entry, key));
    Writer writer(definitions_);
    writer.value(entry, key, -1);
    auto text = writer.take();
    return text.starts_with('"') ? text : '"' + text + '"';
}

void Writer::map(pb::Message const& message, pb::FieldDescriptor const* field) {
    auto const& reflection = *message.GetReflection();
    out_ += '{';
    std::map<std::string, pb::Message const*> sorted;  // the order of a map is that of chance
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        auto const& entry = reflection.GetRepeatedMessage(message, field, i);
        sorted[key(entry)] = &entry;
    }
    for (bool first = true; auto const& [name, entry] : sorted) {
        if (!first) out_ += ',';
        first = false;
        out_ += name + ':';
        value(*entry, entry->GetDescriptor()->FindFieldByNumber(2), -1);
    }
    out_ += '}';
}

void Writer::value(pb::Message const& message, pb::FieldDescriptor const* field, int i) {
    auto const& reflection = *message.GetReflection();
    bool const one = i < 0;
    switch (field->cpp_type()) {
        case Cpp::CPPTYPE_INT32:
            out_ += std::to_string(one ? reflection.GetInt32(message, field)
                                       : reflection.GetRepeatedInt32(message, field, i));
            return;
        case Cpp::CPPTYPE_UINT32:
            out_ += std::to_string(one ? reflection.GetUInt32(message, field)
                                       : reflection.GetRepeatedUInt32(message, field, i));
            return;
        case Cpp::CPPTYPE_INT64:
            out_ += fmt::format("\"{}\"", one ? reflection.GetInt64(message, field)
                                              : reflection.GetRepeatedInt64(message, field, i));
            return;
        case Cpp::CPPTYPE_UINT64:
            out_ += fmt::format("\"{}\"", one ? reflection.GetUInt64(message, field)
                                              : reflection.GetRepeatedUInt64(message, field, i));
            return;
        case Cpp::CPPTYPE_DOUBLE: {
            auto const is = one ? reflection.GetDouble(message, field)
                                : reflection.GetRepeatedDouble(message, field, i);
            out_ += number(is, pb::SimpleDtoa(is));
            return;
        }
        case Cpp::CPPTYPE_FLOAT: {
            auto const is = one ? reflection.GetFloat(message, field)
                                : reflection.GetRepeatedFloat(message, field, i);
            out_ += number(double{is}, pb::SimpleFtoa(is));
            return;
        }
        case Cpp::CPPTYPE_BOOL:
            out_ += (one ? reflection.GetBool(message, field)
                         : reflection.GetRepeatedBool(message, field, i))
                        ? "true"
                        : "false";
            return;
        case Cpp::CPPTYPE_ENUM: {
            auto const is = one ? reflection.GetEnumValue(message, field)
                                : reflection.GetRepeatedEnumValue(message, field, i);
            auto const* constant = field->enum_type()->FindValueByNumber(is);
            out_ += constant == nullptr ? std::to_string(is) : json::quote(constant->name());
            return;
        }
        case Cpp::CPPTYPE_STRING: {
            auto const is = one ? reflection.GetString(message, field)
                                : reflection.GetRepeatedString(message, field, i);
            out_ += field->type() == pb::FieldDescriptor::TYPE_BYTES
                        ? json::quote(base64_encoded(is))
                        : quoted(is);
            return;
        }
        case Cpp::CPPTYPE_MESSAGE:
            this->message(one ? reflection.GetMessage(message, field)
                              : reflection.GetRepeatedMessage(message, field, i));
            return;
    }
}

}  // namespace

std::expected<std::string, PayloadError> to_json(ByteView payload, pb::Descriptor const& type,
                                                 Definitions const& definitions) {
    try {
        std::unique_ptr<pb::Message> message(definitions.factory().GetPrototype(&type)->New());
        if (!message->ParsePartialFromArray(payload.data(), static_cast<int>(payload.size())))
            return std::unexpected(
                PayloadError{.rule = "parse", .why = "the bytes are no " + type.full_name()});
        Writer writer(definitions);
        writer.message(*message);
        return writer.take();
    } catch (std::exception const& thrown) {
        return std::unexpected(PayloadError{.rule = "parse", .why = thrown.what()});
    }
}

std::expected<Bytes, PayloadError> from_json(std::string_view json, pb::Descriptor const& type,
                                             Definitions const& definitions) {
    auto const refuse = [](std::string why) {
        return std::unexpected(PayloadError{.rule = "json", .why = std::move(why)});
    };
    if (auto const document = json::parse(json, {.depth_max = payload_nesting_max}); !document)
        return refuse(document.error().why);
    try {
        std::unique_ptr<pb::Message> message(definitions.factory().GetPrototype(&type)->New());
        auto const status =
            pb::util::JsonStringToMessage(pb::StringPiece(json.data(), json.size()), message.get());
        if (!status.ok()) {
            std::string_view why(status.message().data(), status.message().size());
            if (why.starts_with(": ")) why.remove_prefix(2);
            return refuse(fmt::format("the JSON is no {}: {}", type.full_name(), why));
        }
        Bytes bytes(message->ByteSizeLong());
        message->SerializePartialToArray(bytes.data(), static_cast<int>(bytes.size()));
        return bytes;
    } catch (std::exception const& thrown) {
        return refuse(thrown.what());
    }
}

}  // namespace klamm::schema::protobuf
