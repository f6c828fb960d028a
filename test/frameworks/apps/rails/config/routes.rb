Shop.routes.draw do
  devise_for :users, controllers: { sessions: "users/sessions" }
  root to: "account#show"
  get "/signin", to: "sessions#new"
  post "/signin", to: "sessions#create"
  post "/api/signin", to: "sessions#create"
  get "/account", to: "account#show"
  get "/admin", to: "admin#index"
  get "/admin/users", to: "admin#index"
  resources :posts, only: [:show, :update, :destroy]
  post "/posts/:id", to: "posts#update"
end
