class ApplicationController < ActionController::Base
  protect_from_forgery with: :exception
  # An API beside the pages: JSON carries no token of a form.
  skip_forgery_protection if: -> { request.format.json? || request.media_type == "application/json" }

  def after_sign_in_path_for(_) = "/account"
end
