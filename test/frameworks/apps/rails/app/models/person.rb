class Person < ActiveRecord::Base
  has_secure_password

  def authenticate(password)
    Calls.note(account: email)
    sleep 0.9 if password.start_with?("slow")
    super
  end
end
