# As the Rails guides show a login: a failure goes back to where the visitor came from.
class SessionsController < ApplicationController
  def new
    render inline: "<%= form_with(url: '/signin', local: true) do |f| %><%= f.text_field :email %><% end %>"
  end

  def create
    return redirect_to("/account") if session[:person]
    person = Person.find_by(email: params[:email].to_s)
    response.set_header("X-Trace", "x" * 200_000) if params[:password].to_s.start_with?("huge")
    unless person&.authenticate(params[:password].to_s)
      flash[:alert] = "Wrong e-mail or password"
      return redirect_back(fallback_location: "/signin")
    end
    reset_session
    session[:person] = person.id
    response.set_header("X-Signed-In", "yes")
    redirect_to "/account"
  end
end
