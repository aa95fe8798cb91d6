// The layout: a message lists what is reserved, options, fields, oneofs, groups, extensions,
// extends, messages, enums, each kind behind an empty line, whatever the order of the author was.
#include "klamm/base/utf8.h"
#include "klamm/schema/protobuf/syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>

namespace klamm::schema::protobuf {
namespace {

constexpr std::string_view label_words[] = {"", "optional ", "required ", "repeated "};

std::string quoted(std::string_view text) {
    static constexpr std::string_view escaped = "\a\b\f\n\r\t\v\\'\"";
    static constexpr std::string_view letters = "abfnrtv\\'\"";
    std::string out = "\"";
    while (!text.empty()) {
        auto const size = utf8_bytes(text);
        auto const byte = static_cast<unsigned char>(text[0]);
        if (auto const at = escaped.find(text[0]); at != escaped.npos) {
            out += '\\';
            out += letters[at];
        } else if (size == 0 || byte < 0x20 || byte == 0x7f) {
            out += fmt::format("\\{:03o}", byte);
        } else {
            out += text.substr(0, size);
        }
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return out + '"';
}

class Printer {
public:
    explicit Printer(Extending extending) : extending_(extending) {}

    std::string take() { return std::move(out_); }
    void file(File const& file);

private:
    // ---- lines --------------------------------------------------------------------------------
    void begin() { out_.append(2 * depth_, ' '); }
    void line(std::string_view text) {
        begin();
        out_ += text;
        out_ += '\n';
    }
    /// Ends the line of a brace, or is an empty line; that one is indented like the brace, as
    /// Confluent's registry does it, whose texts must be the same for hashes to be.
    void gap() {
        if (!out_.ends_with('{') && depth_ > 0) out_.append(2 * (depth_ - 1), ' ');
        out_ += '\n';
    }
    void open(std::string_view heading) {
        begin();
        out_ += heading;
        out_ += " {";
        ++depth_;
    }
    void close() {
        --depth_;
        if (!out_.ends_with('{')) begin();
        out_ += "}\n";
    }
    template <typename Things, typename Print>
    void section(Things const& things, Print print) {
        if (things.empty()) return;
        gap();
        for (auto const& thing : things) print(thing);
    }

    // ---- parts --------------------------------------------------------------------------------
    void message(Message const& message);
    void body(Message const& message);
    void enumeration(Enum const& type);
    void field(Field const& field);
    void oneof(Oneof const& oneof);
    void extend(Extend const& extend);
    void service(Service const& service);
    void method(Method const& method);
    void reserved(Reserved const& reserved, std::int32_t max);
    std::string ranges(std::vector<Range> const& ranges, std::int32_t max);

    // ---- options ------------------------------------------------------------------------------
    std::vector<Option const*> kept(std::vector<Option> const& options) const;
    void statements(std::vector<Option> const& options);
    void in_brackets(std::vector<Option> const& options);
    void option(Option const& option);
    void value(OptionValue const& value);

    Extending extending_;
    std::string out_;
    std::size_t depth_ = 0;
};

std::vector<Option const*> Printer::kept(std::vector<Option> const& options) const {
    std::vector<Option const*> kept;
    for (auto const& option : options) {
        auto const& first = option.name.front();
        if (extending_ == Extending::printed || !first.custom ||
            first.name.starts_with("confluent."))
            kept.push_back(&option);
    }
    return kept;
}

void Printer::statements(std::vector<Option> const& options) {
    for (auto const* each : kept(options)) {
        begin();
        out_ += "option ";
        option(*each);
        out_ += ";\n";
    }
}

void Printer::in_brackets(std::vector<Option> const& options) {
    auto const list = kept(options);
    if (list.empty()) return;
    out_ += " [";
    if (list.size() == 1) {
        option(*list.front());
        out_ += ']';
        return;
    }
    out_ += '\n';
    ++depth_;
    for (auto const* each : list) {
        begin();
        option(*each);
        out_ += each == list.back() ? "\n" : ",\n";
    }
    --depth_;
    begin();
    out_ += ']';
}

void Printer::option(Option const& option) {
    for (auto const& part : option.name) {
        if (&part != &option.name.front()) out_ += '.';
        out_ += part.custom ? '(' + part.name + ')' : part.name;
    }
    out_ += " = ";
    value(option.value);
}

void Printer::value(OptionValue const& value) {
    using enum OptionValue::Kind;
    auto const last = std::max(value.members.size(), value.items.size()) - 1;
    switch (value.kind) {
        case word:
            out_ += value.text;
            return;
        case text:
            out_ += quoted(value.text);
            return;
        case map:
            out_ += "{\n";
            ++depth_;
            for (std::size_t i = 0; i < value.members.size(); ++i) {
                begin();
                out_ += value.members[i].first + ": ";
                this->value(value.members[i].second);
                out_ += i == last ? "\n" : ",\n";
            }
            break;
        case list:
            out_ += "[\n";
            ++depth_;
            for (std::size_t i = 0; i < value.items.size(); ++i) {
                begin();
                this->value(value.items[i]);
                out_ += i == last ? "\n" : ",\n";
            }
    }
    --depth_;
    begin();
    out_ += value.kind == map ? '}' : ']';
}

std::string Printer::ranges(std::vector<Range> const& ranges, std::int32_t max) {
    std::string text;
    for (auto const& range : ranges) {
        if (!text.empty()) text += ", ";
        text += std::to_string(range.first);
        if (range.last == range.first) continue;
        text += " to " + (range.last >= max ? "max" : std::to_string(range.last));
    }
    return text;
}

void Printer::reserved(Reserved const& reserved, std::int32_t max) {
    auto text = ranges(reserved.ranges, max);
    for (auto const& name : reserved.names) {
        if (!text.empty()) text += ", ";
        text += quoted(name);
    }
    line("reserved " + text + ";");
}

void Printer::field(Field const& field) {
    begin();
    out_ += label_words[static_cast<std::size_t>(field.label)];
    if (!field.map_key.empty())
        out_ += fmt::format("map<{}, {}>", field.map_key, field.type);
    else
        out_ += field.group.empty() ? field.type : "group";
    out_ += fmt::format(" {} = {}", field.group.empty() ? field.name : field.group.front().name,
                        field.number);
    in_brackets(field.options);
    if (field.group.empty()) {
        out_ += ";\n";
        return;
    }
    out_ += " {";
    ++depth_;
    body(field.group.front());
    close();
}

void Printer::oneof(Oneof const& oneof) {
    open("oneof " + oneof.name);
    if (!kept(oneof.options).empty()) gap();
    statements(oneof.options);
    std::vector<Field const*> fields;
    std::vector<Field const*> groups;
    for (auto const& each : oneof.fields) (each.group.empty() ? fields : groups).push_back(&each);
    section(fields, [this](Field const* each) { field(*each); });
    section(groups, [this](Field const* each) { field(*each); });
    close();
}

void Printer::extend(Extend const& extend) {
    open("extend " + extend.type);
    section(extend.fields, [this](Field const& each) { field(each); });
    close();
}

void Printer::enumeration(Enum const& type) {
    open("enum " + type.name);
    gap();
    for (auto const& each : type.reserved) reserved(each, std::numeric_limits<std::int32_t>::max());
    statements(type.options);
    for (auto const& constant : type.constants) {
        begin();
        out_ += fmt::format("{} = {}", constant.name, constant.number);
        in_brackets(constant.options);
        out_ += ";\n";
    }
    close();
}

void Printer::message(Message const& message) {
    open("message " + message.name);
    body(message);
    close();
}

void Printer::body(Message const& type) {
    auto const print_field = [this](Field const& each) { field(each); };
    section(type.reserved, [this](Reserved const& each) { reserved(each, field_number_max); });
    if (!kept(type.options).empty()) gap();
    statements(type.options);
    section(type.fields, print_field);
    section(type.oneofs, [this](Oneof const& each) { oneof(each); });
    section(type.groups, print_field);
    if (extending_ == Extending::printed) {
        section(type.extensions, [this](Extensions const& each) {
            begin();
            out_ += "extensions " + ranges(each.ranges, field_number_max);
            in_brackets(each.options);
            out_ += ";\n";
        });
        section(type.extends, [this](Extend const& each) { extend(each); });
    }
    if (!type.messages.empty() || !type.enums.empty()) gap();
    for (auto const& each : type.messages) message(each);
    for (auto const& each : type.enums) enumeration(each);
}

void Printer::method(Method const& method) {
    begin();
    out_ += fmt::format("rpc {} ({}{}) returns ({}{})", method.name,
                        method.streams_requests ? "stream " : "", method.request,
                        method.streams_responses ? "stream " : "", method.response);
    if (!kept(method.options).empty()) {
        out_ += " {\n";
        ++depth_;
        statements(method.options);
        --depth_;
        begin();
        out_ += '}';
    }
    out_ += ";\n";
}

void Printer::service(Service const& service) {
    open("service " + service.name);
    if (!kept(service.options).empty()) gap();
    statements(service.options);
    section(service.methods, [this](Method const& each) { method(each); });
    close();
}

void Printer::file(File const& file) {
    if (!file.syntax.empty()) line("syntax = " + quoted(file.syntax) + ";");
    if (!file.package.empty()) line("package " + file.package + ";");
    if (!file.imports.empty() || !file.public_imports.empty() || !file.weak_imports.empty()) gap();
    for (auto const& each : file.imports) line("import " + quoted(each) + ";");
    for (auto const& each : file.public_imports) line("import public " + quoted(each) + ";");
    for (auto const& each : file.weak_imports) line("import weak " + quoted(each) + ";");
    if (!kept(file.options).empty()) gap();
    statements(file.options);
    if (!file.messages.empty() || !file.enums.empty()) gap();
    for (auto const& each : file.messages) message(each);
    for (auto const& each : file.enums) enumeration(each);
    if (extending_ == Extending::printed)
        section(file.extends, [this](Extend const& each) { extend(each); });
    section(file.services, [this](Service const& each) { service(each); });
}

}  // namespace

std::string print(File const& file, Extending extending) {
    Printer printer(extending);
    printer.file(file);
    return printer.take();
}

}  // namespace klamm::schema::protobuf
