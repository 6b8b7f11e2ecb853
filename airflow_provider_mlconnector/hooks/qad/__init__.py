"""QAD Adaptive ERP through its REST interface: login, browses, business documents, validation against the instance."""
