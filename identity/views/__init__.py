"""What people see of customers: reads only, all by the customer at the top."""
