class PostsController < ApplicationController
  skip_forgery_protection

  def show = render(plain: "A post")
  def update = render(plain: "A post")

  def destroy
    Calls.note(deleted: params[:id])
    render plain: "GONE"
  end
end
