// cli/contract/asyncapi_form.h - which fields the objects of an AsyncAPI 3 document have.
//
// Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0#schema
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace klamm::cli {

/// What stands at a place of a document.
enum class Form : std::uint8_t {
    anything,
    text,
    text_or_null,
    texts,  ///< a list of them
    action,
    in_this_document,  ///< a reference, and nothing else
    // Objects:
    document,
    info,
    contact,
    license,
    tag,
    external_docs,
    server,
    server_variable,
    channel,
    parameter,
    operation,
    operation_trait,
    reply,
    reply_address,
    message,
    message_trait,
    message_example,
    correlation_id,
    security_scheme,
    components,
    schema,
    bindings,
};

/// One of it, a list of it, or a map of names to it.
enum class Times : std::uint8_t { once, list, map };

struct Field {
    std::string_view name;
    Form form = Form::text;
    Times times = Times::once;
    bool required = false;
};

/// The fields of an object; those that begin with x- are always permitted. Empty: not an object,
/// or one with any fields.
std::span<Field const> fields_of(Form form);
/// Whether a reference may stand in its place.
bool may_be_reference(Form form);
/// "an operation", for messages.
std::string_view name_of(Form form);

}  // namespace klamm::cli
