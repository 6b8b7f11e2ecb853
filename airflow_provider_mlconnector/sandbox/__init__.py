"""The vendors, simulated: in-memory tables with the vendors' real rules, one ASGI app each.

The sandbox is the vendor's side. It shares no code with hooks or transport, and it is strict: what the vendor would
refuse, it refuses.
"""
