-- What wrk sends to a schema registry: lookup FIRST COUNT | register TOKEN | check FILE.
-- Each connection goes round-robin; `done` prints one line that registry.py reads.

local counter = 0
local base = ""  -- of the URL, for registries that are not at the root
local json = { ["Content-Type"] = "application/vnd.schemaregistry.v1+json" }
local next_request

local function lookups(first, count)
    local requests = {}
    for id = first, first + count - 1 do
        requests[#requests + 1] = wrk.format("GET", base .. "/schemas/ids/" .. id)
    end
    return function()
        counter = counter % count + 1
        return requests[counter]
    end
end

-- A schema that nobody has registered before, under a subject of its own.
local function registrations(token)
    local body = '{"schema":"{\\"type\\":\\"record\\",\\"name\\":\\"Sighting\\",\\"fields\\":'
        .. '[{\\"name\\":\\"f_%s_%d\\",\\"type\\":\\"string\\"},'
        .. '{\\"name\\":\\"height\\",\\"type\\":\\"int\\",\\"default\\":0}]}"}'
    return function()
        counter = counter + 1
        return wrk.format("POST", base .. "/subjects/bench-" .. token .. "-" .. counter
            .. "/versions", json, string.format(body, token, counter))
    end
end

local function checks(file)
    local body = io.open(file):read("*a")
    local request = wrk.format("POST", base .. "/compatibility/subjects/wide/versions/latest",
        json, body)
    return function() return request end
end

function init(args)
    base = wrk.path == "/" and "" or wrk.path
    if args[1] == "lookup" then
        next_request = lookups(tonumber(args[2]), tonumber(args[3]))
    elseif args[1] == "register" then
        next_request = registrations(args[2])
    else
        next_request = checks(args[2])
    end
end

function request()
    return next_request()
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format("result %d %d %.3f %.3f %d\n", summary.requests, summary.duration,
        latency.mean, latency:percentile(99),
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
