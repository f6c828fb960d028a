# Devise's own controller, with the status that Devise 4.9 gives a success (`config.responder.redirect_status`). Debian has 4.8,
# where a success is 302 as is the greeting of a visitor who is signed in.
class Users::SessionsController < Devise::SessionsController
  def create
    super
    response.status = 303
  end
end
