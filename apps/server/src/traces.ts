/**
 * A span for each request, for whoever loads an OpenTelemetry SDK beside the server. Without one the API
 * does nothing. Names are those of the semantic conventions for HTTP; no attribute holds what was asked.
 */

import { SpanKind, SpanStatusCode, context, propagation, trace } from '@opentelemetry/api';
import { factsOf } from '@veritydb/http';

/** W3C Trace Context: the caller's trace goes on here. */
const CARRIED = ['traceparent', 'tracestate'];

export async function traceRequest(
  request: Request,
  answer: () => Promise<Response>,
): Promise<Response> {
  const carrier = Object.fromEntries(
    CARRIED.map((name) => [name, request.headers.get(name) ?? '']),
  );
  const parent = propagation.extract(context.active(), carrier);
  const { method } = request;
  const options = { kind: SpanKind.SERVER, attributes: { 'http.request.method': method } };
  const tracer = trace.getTracer('verityd');
  return tracer.startActiveSpan(method, options, parent, async (span) => {
    try {
      const response = await answer();
      const { route } = factsOf(request);
      if (route !== null) {
        span.updateName(`${method} ${route}`);
        span.setAttribute('http.route', route);
      }
      span.setAttribute('http.response.status_code', response.status);
      if (response.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      return response;
    } finally {
      span.end();
    }
  });
}
