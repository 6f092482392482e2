//! das2 streams as bytes: framing, headers, planes, value encodings; a reader that pushes runs of packets, and a writer.
