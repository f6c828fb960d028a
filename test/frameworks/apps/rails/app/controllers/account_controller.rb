class AccountController < ApplicationController
  def show
    render inline: "Account of <%= current_user&.email || Person.find_by(id: session[:person])&.email %>" \
                   "<%= hidden_field_tag :authenticity_token, form_authenticity_token %>"
  end
end
