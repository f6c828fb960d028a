# A Rails application of a few files, with Devise's login and one of has_secure_password, that notes each look at a password.
require "json"
require "bcrypt"
require "active_record/railtie"
require "action_controller/railtie"
require "action_view/railtie"
require "devise"
require "devise/orm/active_record"

module Calls
  def self.note(**line) = File.open(ENV.fetch("CALLS"), "a") { |file| file.write("#{JSON.generate(line)}\n") }
end

class Shop < Rails::Application
  config.root = __dir__
  config.load_defaults 6.1
  config.eager_load = false
  config.consider_all_requests_local = false
  config.hosts.clear
  config.secret_key_base = "a secret of the tests " * 4
  config.log_level = :error
  config.logger = Logger.new($stderr)
  config.paths["log"] = File.join(ENV.fetch("DATA"), "log")
  config.active_record.migration_error = false
  config.session_store :cookie_store, key: "_shop_session"
end
ENV["DATABASE_URL"] = "sqlite3:#{File.join(ENV.fetch('DATA'), 'db')}?timeout=5000&pool=20"
ActiveSupport.on_load(:action_controller) { wrap_parameters format: [:json] }

BCrypt::Engine.cost = 4
Devise.setup do |config|
  config.secret_key = "another secret of the tests " * 4
  config.stretches = 1
  config.mailer_sender = "shop@example.com"
end

Shop.initialize!

ActiveRecord::Base.establish_connection
ActiveRecord::Schema.verbose = false
unless ActiveRecord::Base.connection.table_exists?(:users)
  ActiveRecord::Schema.define do
    create_table(:users) do |t|
      t.string :email, null: false, index: { unique: true }
      t.string :encrypted_password, null: false
      t.datetime :remember_created_at
    end
    create_table(:people) do |t|
      t.string :email, null: false, index: { unique: true }
      t.string :password_digest, null: false
    end
  end
end

if User.none?
  ["admin@example.com", "ádmin@example.com", "mallory@example.com"].each do |email|
    User.create!(email: email, password: ENV.fetch("PASSWORD"))
    Person.create!(email: email, password: ENV.fetch("PASSWORD"))
  end
end

run Shop
