select * from runs order by created_at desc
