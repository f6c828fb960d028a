class User < ActiveRecord::Base
  devise :database_authenticatable, :rememberable

  def valid_password?(password)
    Calls.note(account: email)
    sleep 0.9 if password.start_with?("slow")
    super
  end
end
