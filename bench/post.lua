-- SPDX-License-Identifier: Apache-2.0
-- wrk's side of bench/load.py: posts the bodies of a file, one a line, in turn, and prints what it measured
-- as one line of JSON. wrk ... URL -- FILE [NAME VALUE]...  FILE "-": GET without a body; NAME VALUE: headers.
local requests, at = {}, 0

function init(args)
    for i = 2, #args - 1, 2 do
        wrk.headers[args[i]] = args[i + 1]
    end
    if args[1] == "-" then
        requests[1] = wrk.format("GET")
        return
    end
    wrk.headers["Content-Type"] = wrk.headers["Content-Type"] or "application/json"
    for line in io.lines(args[1]) do
        requests[#requests + 1] = wrk.format("POST", nil, nil, line)
    end
end

function request()
    at = at % #requests + 1
    return requests[at]
end

function done(summary, latency, _)
    local errors = summary.errors
    print(string.format(
        '{"requests":%d,"duration_us":%d,"not_2xx":%d,"broken":%d,"p50_us":%d,"p99_us":%d,"max_us":%d}',
        summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
        latency:percentile(50), latency:percentile(99), latency.max))
end
