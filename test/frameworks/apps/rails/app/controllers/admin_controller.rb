class AdminController < ApplicationController
  def index = render(plain: "GUARDED PAGE")
end
