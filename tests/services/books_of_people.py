"""Further files of the small loan book: more ways to reach people, who else signed, and what was before."""

CONTACT_POINTS = """borrower_no,kind,value,province,city,lat,lon
B1,phone,0922 333 444,,,,
B2,phone,0933 444 555,,,,
B2,address,2 Sample Street,Taipei,,25.05,121.55
"""
PARTIES = """contract_no,party_no,role,name,id_type,id_no,phone,scope,consent,signs
L1,1,guarantor,Guarantor One,tw_id,A123456789,0944555666,the whole debt,yes,no
L1,2,co_borrower,Second Borrower,,,,,no,yes
"""
CONTACTS = """contract_no,borrower_no,at,channel,inbound,outcome,feedback
L1,,2026-02-20T10:30,phone,no,reached,will pay after the holiday
L1,,2026-02-21T01:00Z,sms,,sent,
,B2,2026-02-22 09:00+08:00,phone,yes,reached,
"""
FILES = {"contact_points": CONTACT_POINTS, "parties": PARTIES, "contacts": CONTACTS}
