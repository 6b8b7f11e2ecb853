"""JD Edwards EnterpriseOne through its AIS server: login, data service, orchestrations, the address book."""
