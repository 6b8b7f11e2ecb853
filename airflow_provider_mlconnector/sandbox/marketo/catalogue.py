"""The standard fields of each object, and what our administrator added: name, type, length, flags.

Names, types and lengths follow the describe answers in the vendor's documentation; the custom fields are ours.
"""

from __future__ import annotations

COMPANY = """
company            string    255
site               string    255
website            url       255
mainPhone          phone     255
billingStreet      text      2000
billingCity        string    255
billingState       string    255
billingCountry     string    255
billingPostalCode  string    255
industry           string    255
sicCode            string    40
annualRevenue      currency  -
numberOfEmployees  integer   -
companyNotes       text      30000
"""

LEAD = """
id                 integer   -      system search
email              email     255    search
firstName          string    255
middleName         string    255
lastName           string    255
salutation         string    255
title              string    255
department         string    255
phone              phone     255
mobilePhone        phone     255
fax                phone     255
address            text      2000
city               string    255
state              string    255
postalCode         string    255
country            string    255
dateOfBirth        date      -
leadSource         string    255
leadScore          score     -
unsubscribed       boolean   -
unsubscribedReason text      2000
doNotCall          boolean   -
externalCompanyId  string    100
externalSalesPersonId string 255
leadPartitionId    integer   -      system search
facebookId         string    255    search
linkedInId         string    255    search
twitterId          string    255    search
sfdcAccountId      string    18     system search
sfdcContactId      string    18     system search
sfdcLeadId         string    18     system search
sfdcLeadOwnerId    string    18     system search
sfdcOpptyId        string    18     system search
cookies            string    255    system search
createdAt          datetime  -      system
updatedAt          datetime  -      system
erpSourceId        string    255    custom
erpModifiedAt      datetime  -      custom
mktoNurtureTrack   string    255    system norest
mktoSfdcSyncNote   text      2000   system norest
"""

COMPANY_KEYS = """
id                 integer   -      system search
externalCompanyId  string    100    system search
createdAt          datetime  -      system
updatedAt          datetime  -      system
externalSalesPersonId string 255
erpSourceId        string    255    custom
erpModifiedAt      datetime  -      custom
creditLimit        currency  -      custom
paymentTerms       string    40     custom
taxId              string    40     custom
"""

OPPORTUNITY = """
marketoGUID        string    36     system search
externalOpportunityId string 50     system search
createdAt          datetime  -      system
updatedAt          datetime  -      system
name               string    255
description        text      2000
type               string    255
stage              string    255
amount             currency  -
expectedRevenue    currency  -
quantity           float     -
probability        percent   -
closeDate          date      -
isClosed           boolean   -
isWon              boolean   -
fiscal             string    255
fiscalQuarter      string    255
fiscalYear         string    255
forecastCategoryName string  255
leadSource         string    255
source             string    255
nextStep           string    255
lastActivityDate   date      -
externalCreatedDate datetime -
externalCompanyId  string    100
externalSalesPersonId string 255
erpSourceId        string    255    custom
erpModifiedAt      datetime  -      custom
"""

NAMED_ACCOUNT = """
marketoGUID        string    36     system search
name               string    255    search
domainName         string    255    search
industry           string    255    search
city               string    255    search
state              string    255    search
country            string    255    search
annualRevenue      currency  -      search
numberOfEmployees  integer   -      search
sicCode            string    40     search
logoUrl            string    255    search
membershipCount    integer   -      system search
opptyAmount        currency  -      system search
opptyCount         integer   -      system search
score1             integer   -      system search
score2             integer   -      system search
score3             integer   -      system search
score4             integer   -      system search
score5             integer   -      system search
createdAt          datetime  -      system
updatedAt          datetime  -      system
"""

NAMED_ACCOUNT_LIST = """
marketoGUID        string    36     system search
name               string    255    search
createdAt          datetime  -      system
updatedAt          datetime  -      system
type               string    255    system
updateable         boolean   -      system
"""

SALES_PERSON = """
id                 integer   -      system search
externalSalesPersonId string 255    system search
email              string    255    system search
createdAt          datetime  -      system
updatedAt          datetime  -      system
firstName          string    255
lastName           string    255
title              string    255
phone              string    255
"""

ROLE = """
marketoGUID        string    36     system search
externalOpportunityId string 50     system search
leadId             integer   -      system search
role               string    50     system
isPrimary          boolean   -
externalCreatedDate datetime -
"""

CUSTOM_OBJECT = """
marketoGUID        string    36     system search
createdAt          datetime  -      system
updatedAt          datetime  -      system
"""
